// Faults that a test puts into a twin: the same few kinds everywhere.
export type Fault =
  /** Answer this instead of doing anything. */
  | { kind: 'answer'; status: number; body?: string; headers?: Record<string, string> }
  /** Do it, then answer this: the 502 after the effect. */
  | { kind: 'answer_after'; status: number; body?: string; headers?: Record<string, string> }
  /** Do it, then cut the connection. */
  | { kind: 'reset_after' }
  | { kind: 'reset' }
  | { kind: 'delay'; ms: number };

export type FaultRule = {
  /** Tested against `METHOD /path` or the name of the AWS operation; ECS asks for `capacity of FARGATE_SPOT` too. */
  call: RegExp;
  fault: Fault;
  /** How many calls it meets; 1 when left out. */
  times?: number;
};

export type Faults = ReturnType<typeof createFaults>;

export const createFaults = () => {
  let rules: (FaultRule & { left: number })[] = [];
  return {
    inject: (rule: FaultRule) => {
      rules.push({ ...rule, left: rule.times ?? 1 });
    },
    clear: () => {
      rules = [];
    },
    /** The fault for this call, if one is waiting; it is used up by the asking. */
    take: (call: string): Fault | undefined => {
      const rule = rules.find(({ call: pattern, left }) => left > 0 && pattern.test(call));
      if (!rule) return undefined;
      rule.left -= 1;
      return rule.fault;
    },
  };
};
