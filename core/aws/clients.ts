import { ECSClient } from '@aws-sdk/client-ecs';
import type { LambdaClientConfig } from '@aws-sdk/client-lambda';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';

// Region, credentials and AWS_ENDPOINT_URL_* come from the SDK's default chain: nothing here knows where it runs.
const settings = (requestTimeoutMs: number, maxAttempts: number) => ({
  maxAttempts,
  requestHandler: {
    connectionTimeout: 1_000,
    requestTimeout: requestTimeoutMs,
    throwOnRequestTimeout: true, // without it the SDK only prints a warning and waits on
  },
});

/** Two attempts of 4 s end before GitHub's 10 s for an answer to a webhook. */
const quick = () => settings(4_000, 2);
/** Longer than SQS's longest poll of 20 s, and than a verb of the ledger that has to wake up first. */
const patient = () => settings(25_000, 2);

/** For sending. */
export const sqsClient = () => new SQSClient(quick());

/** For receiving: a long poll is one request that is silent for up to 20 s. */
export const pollingSqsClient = () => new SQSClient(patient());

/** `dualStack` where only IPv6 leads out: inside the VPC without a NAT gateway. */
export const secretsManagerClient = ({ dualStack = false } = {}) =>
  new SecretsManagerClient({ ...quick(), ...(dualStack && { useDualstackEndpoint: true }) });

/** `pathStyle` for S3-speaking servers that have no name per bucket. */
export const s3Client = ({ pathStyle = false } = {}) =>
  new S3Client({ ...patient(), forcePathStyle: pathStyle });

export const ecsClient = () => new ECSClient(settings(10_000, 3));

/** `place` where it is not the one of the SDK's chain: a house on this machine. */
export const lambdaClient = (place: Pick<LambdaClientConfig, 'endpoint' | 'region' | 'credentials'> = {}) =>
  new LambdaClient({ ...patient(), ...place });
