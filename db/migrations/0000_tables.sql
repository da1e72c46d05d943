CREATE TABLE "deliveries" (
	"platform" text NOT NULL,
	"id" text NOT NULL,
	"body_sha256" text NOT NULL,
	"thread_key" text NOT NULL,
	"trigger_key" text NOT NULL,
	"command" text,
	"task_id" uuid,
	"refusal" text,
	"received_at" timestamp with time zone NOT NULL,
	"recorded_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "deliveries_platform_id_pk" PRIMARY KEY("platform","id"),
	CONSTRAINT "deliveries_body" UNIQUE("platform","body_sha256"),
	CONSTRAINT "deliveries_platform" CHECK ("deliveries"."platform" in ('github')),
	CONSTRAINT "deliveries_refusal" CHECK ("deliveries"."refusal" in ('no_permission', 'not_installed', 'suspended', 'repository_not_covered')),
	CONSTRAINT "deliveries_result" CHECK (("deliveries"."task_id" is null) <> ("deliveries"."refusal" is null))
);
--> statement-breakpoint
CREATE TABLE "installations" (
	"platform" text NOT NULL,
	"tenant_id" text NOT NULL,
	"account" text NOT NULL,
	"status" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "installations_platform_tenant_id_pk" PRIMARY KEY("platform","tenant_id"),
	CONSTRAINT "installations_platform" CHECK ("installations"."platform" in ('github')),
	CONSTRAINT "installations_status" CHECK ("installations"."status" in ('active', 'suspended', 'deleted'))
);
--> statement-breakpoint
CREATE TABLE "runs" (
	"task_id" uuid NOT NULL,
	"fence" bigint NOT NULL,
	"session_id" uuid NOT NULL,
	"status" text DEFAULT 'running' NOT NULL,
	"input_tokens" bigint,
	"output_tokens" bigint,
	"cache_read_tokens" bigint,
	"cache_write_tokens" bigint,
	"cost_usd" numeric(14, 6),
	"requests" integer,
	"turns" integer,
	"duration_ms" bigint,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "runs_task_id_fence_pk" PRIMARY KEY("task_id","fence"),
	CONSTRAINT "runs_status" CHECK ("runs"."status" in ('running', 'succeeded', 'failed', 'cancelled', 'timed_out')),
	CONSTRAINT "runs_ended" CHECK (("runs"."status" = 'running') = ("runs"."ended_at" is null)),
	CONSTRAINT "runs_counted" CHECK (num_nulls("runs"."input_tokens", "runs"."output_tokens", "runs"."cache_read_tokens", "runs"."cache_write_tokens", "runs"."cost_usd", "runs"."requests", "runs"."turns", "runs"."duration_ms") = case when "runs"."ended_at" is null then 8 else 0 end)
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"thread_key" text PRIMARY KEY NOT NULL,
	"session_id" uuid NOT NULL,
	"transcript_key" text,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "spend" (
	"task_id" uuid NOT NULL,
	"fence" bigint NOT NULL,
	"thread_key" text NOT NULL,
	"platform" text NOT NULL,
	"tenant_id" text NOT NULL,
	"author_id" text NOT NULL,
	"day" date NOT NULL,
	"usd" numeric(14, 6) NOT NULL,
	"state" text NOT NULL,
	CONSTRAINT "spend_task_id_fence_pk" PRIMARY KEY("task_id","fence"),
	CONSTRAINT "spend_platform" CHECK ("spend"."platform" in ('github')),
	CONSTRAINT "spend_state" CHECK ("spend"."state" in ('reserved', 'settled')),
	CONSTRAINT "spend_usd" CHECK ("spend"."usd" >= 0)
);
--> statement-breakpoint
CREATE TABLE "tasks" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"seq" bigint GENERATED ALWAYS AS IDENTITY (sequence name "tasks_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"platform" text NOT NULL,
	"trigger_key" text NOT NULL,
	"thread_key" text NOT NULL,
	"thread" jsonb NOT NULL,
	"trigger" jsonb NOT NULL,
	"request" jsonb NOT NULL,
	"lane" text NOT NULL,
	"status" text DEFAULT 'queued' NOT NULL,
	"waiting_reason" text,
	"step" text DEFAULT 'received' NOT NULL,
	"facts" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"fence" bigint DEFAULT 0 NOT NULL,
	"attempt" integer DEFAULT 0 NOT NULL,
	"generation" integer DEFAULT 0 NOT NULL,
	"lease_owner" uuid,
	"lease_until" timestamp with time zone,
	"outcome" jsonb,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp with time zone,
	CONSTRAINT "tasks_seq_unique" UNIQUE("seq"),
	CONSTRAINT "tasks_trigger" UNIQUE("platform","trigger_key"),
	CONSTRAINT "tasks_platform" CHECK ("tasks"."platform" in ('github')),
	CONSTRAINT "tasks_lane" CHECK ("tasks"."lane" in ('high', 'normal', 'low')),
	CONSTRAINT "tasks_status" CHECK ("tasks"."status" in ('queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled', 'timed_out', 'expired')),
	CONSTRAINT "tasks_step" CHECK ("tasks"."step" in ('received', 'cloned', 'ran', 'pushed', 'opened', 'reported', 'done')),
	CONSTRAINT "tasks_waiting" CHECK (("tasks"."status" = 'waiting') = ("tasks"."waiting_reason" is not null)),
	CONSTRAINT "tasks_lease_owner" CHECK (("tasks"."status" = 'running') = ("tasks"."lease_owner" is not null)),
	CONSTRAINT "tasks_lease_until" CHECK (("tasks"."lease_owner" is null) = ("tasks"."lease_until" is null)),
	CONSTRAINT "tasks_finished" CHECK (("tasks"."status" in ('succeeded', 'failed', 'cancelled', 'timed_out', 'expired')) = ("tasks"."finished_at" is not null)),
	CONSTRAINT "tasks_outcome" CHECK (("tasks"."outcome" is null) = ("tasks"."finished_at" is null)),
	CONSTRAINT "tasks_outcome_status" CHECK ("tasks"."outcome"->>'status' = "tasks"."status")
);
--> statement-breakpoint
CREATE TABLE "workers" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"seq" bigint GENERATED ALWAYS AS IDENTITY (sequence name "workers_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"lane_order" text[] NOT NULL,
	"launched_at" timestamp with time zone DEFAULT now() NOT NULL,
	"task_arn" text,
	"heartbeat_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"end_reason" text,
	CONSTRAINT "workers_seq_unique" UNIQUE("seq"),
	CONSTRAINT "workers_lane_order" CHECK (cardinality("workers"."lane_order") > 0 and "workers"."lane_order" <@ array['high', 'normal', 'low']),
	CONSTRAINT "workers_ended" CHECK (("workers"."ended_at" is null) = ("workers"."end_reason" is null))
);
--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_task_id_tasks_id_fk" FOREIGN KEY ("task_id") REFERENCES "public"."tasks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_task_id_tasks_id_fk" FOREIGN KEY ("task_id") REFERENCES "public"."tasks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "spend" ADD CONSTRAINT "spend_task_id_tasks_id_fk" FOREIGN KEY ("task_id") REFERENCES "public"."tasks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "deliveries_task" ON "deliveries" USING btree ("task_id");--> statement-breakpoint
CREATE INDEX "spend_thread" ON "spend" USING btree ("thread_key");--> statement-breakpoint
CREATE INDEX "spend_day" ON "spend" USING btree ("platform","tenant_id","day");--> statement-breakpoint
CREATE INDEX "tasks_open" ON "tasks" USING btree ("thread_key","seq") WHERE "tasks"."status" in ('queued', 'running', 'waiting');--> statement-breakpoint
CREATE INDEX "tasks_lease" ON "tasks" USING btree ("lease_owner") WHERE "tasks"."lease_owner" is not null;--> statement-breakpoint
CREATE INDEX "workers_living" ON "workers" USING btree ("launched_at") WHERE "workers"."ended_at" is null;