import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { addedCapabilities, agentEnvironment, droppedCapabilities } from '#worker/test-image.ts';
import { readable, resourcesOf, synthesize } from './synthesize.ts';

const template = synthesize();
const [task] = Object.values(template.findResources('AWS::ECS::TaskDefinition'));
const { ContainerDefinitions, Volumes, ...definition } = task!['Properties'];
const [container] = ContainerDefinitions;
const dockerfile = readFileSync(new URL('../../../worker-image/Dockerfile', import.meta.url), 'utf8');

/** Docker's default ones (https://docs.docker.com/engine/security/#linux-kernel-capabilities). */
const dockerCapabilities =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE';

describe('the worker task', () => {
  it('is one container with a read-only root and no privileges', () => {
    expect(ContainerDefinitions).toHaveLength(1); // abstract sockets are shared by all containers of a task
    expect(container.ReadonlyRootFilesystem).toBe(true);
    expect(container.Privileged ?? false).toBe(false);
    expect(container.User).toBeUndefined();
    expect(definition.PidMode).toBeUndefined();
    expect(definition.NetworkMode).toBe('awsvpc');
    expect(container.PortMappings).toBeUndefined();
  });

  it('keeps of the capabilities only those with which the guard makes a process the agent’s, serves it and ends it', () => {
    const { Add, Drop } = container.LinuxParameters.Capabilities;
    expect(Add).toEqual(['SYS_PTRACE']); // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_KernelCapabilities.html
    expect(
      dockerCapabilities
        .split(' ')
        .filter((name) => !Drop.includes(name))
        .sort(),
    ).toEqual(['KILL', 'SETGID', 'SETPCAP', 'SETUID']);
  });

  it('is what the image test runs', () => {
    expect([...container.LinuxParameters.Capabilities.Drop].sort()).toEqual([...droppedCapabilities].sort());
    expect(container.LinuxParameters.Capabilities.Add).toEqual(addedCapabilities);
    for (const [Name, Value] of Object.entries(agentEnvironment))
      expect(container.Environment).toContainEqual({ Name, Value });
    expect(container.EntryPoint ?? container.Command).toBeUndefined();
  });

  it('can write exactly where the Dockerfile declares volumes', () => {
    const declared = JSON.parse(/^VOLUME (.*)$/m.exec(dockerfile)![1]!);
    const mounts: { ContainerPath: string; SourceVolume: string; ReadOnly: boolean }[] =
      container.MountPoints;
    expect(mounts.map(({ ContainerPath }) => ContainerPath).sort()).toEqual([...declared].sort());
    expect(mounts.every(({ ReadOnly }) => ReadOnly === false)).toBe(true);
    expect(Volumes.map(({ Name }: { Name: string }) => Name).sort()).toEqual(
      mounts.map(({ SourceVolume }) => SourceVolume).sort(),
    );
    for (const name of ['STATE_DIR', 'RUNS_DIR']) {
      const { Value } = container.Environment.find(({ Name }: { Name: string }) => Name === name);
      expect(declared).toContain(Value);
    }
  });

  it('has two minutes to give its message back, 2 vCPUs and 8 GB, and a log', () => {
    expect(container.StopTimeout).toBe(120);
    expect(definition).toMatchObject({
      Cpu: '2048',
      Memory: '8192',
      RequiresCompatibilities: ['FARGATE'],
      RuntimePlatform: { CpuArchitecture: 'X86_64' },
    });
    expect(container.LogConfiguration.LogDriver).toBe('awslogs');
    expect(readable(container.LogConfiguration.Options['awslogs-group'])).toBe('WorkerLogs');
  });

  it('holds no secret: what is secret is read by its ARN', () => {
    expect(container.Secrets).toBeUndefined();
    const names: string[] = container.Environment.map(({ Name }: { Name: string }) => Name);
    expect(names.filter((name) => /KEY|TOKEN|PASSWORD|SECRET/.test(name)).sort()).toEqual([
      'GITHUB_APP_SECRET_ID',
      'MODEL_SECRET_ID',
    ]);
  });

  it('can run on Spot too, though nothing does unless it is asked for', () => {
    const [providers] = Object.values(
      template.findResources('AWS::ECS::ClusterCapacityProviderAssociations'),
    );
    expect(providers!['Properties']).toMatchObject({
      CapacityProviders: ['FARGATE', 'FARGATE_SPOT'],
      DefaultCapacityProviderStrategy: [],
    });
    const { Variables } = resourcesOf(template, 'AWS::Lambda::Function')['ReconcileFunction']!['Properties']
      .Environment;
    expect(Variables.WORKER_CAPACITY).toBe('on_demand');
  });

  it('runs on a cluster into which nobody can open a shell', () => {
    const [cluster] = Object.values(template.findResources('AWS::ECS::Cluster'));
    expect(cluster!['Properties']?.Configuration?.ExecuteCommandConfiguration).toBeUndefined();
    expect(JSON.stringify(template.findResources('AWS::IAM::Policy'))).not.toContain('ssmmessages');
  });
});
