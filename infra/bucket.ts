import type { CfnResource, RemovalPolicy } from 'aws-cdk-lib';
import { Duration, Stack, Validations } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { allow } from './allow.ts';

/** Patches, transcripts and logs of the tasks, for 90 days. */
export class TaskBucket extends Construct {
  readonly bucketName: string;
  private readonly bucket: Bucket;

  constructor(scope: Construct, id: string, { removalPolicy }: { removalPolicy: RemovalPolicy }) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [
        { expiration: Duration.days(90), abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
      removalPolicy,
    });
    this.bucketName = this.bucket.bucketName;
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Only the worker reads and writes here, and the row of each task says so; an access log would need a second bucket.',
    });
  }

  /** Objects of tasks. Without ListBucket S3 says 403 of an object that is not there, and not 404. */
  grantTasks(worker: IRole) {
    allow(worker, ['s3:GetObject', 's3:PutObject'], { resources: [this.bucket.arnForObjects('tasks/*')] });
    allow(worker, ['s3:ListBucket'], { resources: [this.bucket.bucketArn] });
    const { logicalId } = this.bucket.node.defaultChild as CfnResource; // the child that makes a Bucket one
    Validations.of(worker).acknowledge({
      id: `AwsSolutions-IAM5[Resource::<${Stack.of(this).resolve(logicalId)}.Arn>/tasks/*]`,
      reason: 'The objects of the tasks and no others; their names are made at run time.',
    });
  }
}
