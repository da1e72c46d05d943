CREATE TABLE "dead_letters" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"message_id" text NOT NULL,
	"queue" text,
	"group_id" text NOT NULL,
	"body" text NOT NULL,
	"reason" text NOT NULL,
	"task_id" uuid,
	"recorded_at" timestamp with time zone DEFAULT now() NOT NULL,
	"announced_at" timestamp with time zone,
	"redriven_at" timestamp with time zone,
	CONSTRAINT "dead_letters_message_id_unique" UNIQUE("message_id")
);
--> statement-breakpoint
CREATE TABLE "freezes" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"scope" text NOT NULL,
	"reason" text NOT NULL,
	"frozen_by" text NOT NULL,
	"frozen_at" timestamp with time zone DEFAULT now() NOT NULL,
	"thawed_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "spend" DROP CONSTRAINT "spend_usd";--> statement-breakpoint
ALTER TABLE "tasks" DROP CONSTRAINT "tasks_status";--> statement-breakpoint
ALTER TABLE "tasks" DROP CONSTRAINT "tasks_finished";--> statement-breakpoint
ALTER TABLE "spend" ADD COLUMN "reserved_usd" numeric(14, 6) DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "tasks" ADD COLUMN "wait_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "tasks" ADD COLUMN "stop_by" text;--> statement-breakpoint
ALTER TABLE "tasks" ADD COLUMN "rung_at" timestamp with time zone DEFAULT now();--> statement-breakpoint
ALTER TABLE "tasks" ADD COLUMN "greeting_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "workers" ADD COLUMN "capacity" text DEFAULT 'on_demand' NOT NULL;--> statement-breakpoint
ALTER TABLE "workers" ADD COLUMN "stop_asked_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "dead_letters" ADD CONSTRAINT "dead_letters_task_id_tasks_id_fk" FOREIGN KEY ("task_id") REFERENCES "public"."tasks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "dead_letters_task" ON "dead_letters" USING btree ("task_id");--> statement-breakpoint
CREATE UNIQUE INDEX "freezes_active" ON "freezes" USING btree ("scope") WHERE "freezes"."thawed_at" is null;--> statement-breakpoint
CREATE INDEX "spend_open" ON "spend" USING btree ("task_id") WHERE "spend"."state" = 'reserved';--> statement-breakpoint
ALTER TABLE "spend" ADD CONSTRAINT "spend_reserved" CHECK ("spend"."state" = 'reserved' or "spend"."reserved_usd" = 0);--> statement-breakpoint
ALTER TABLE "spend" ADD CONSTRAINT "spend_usd" CHECK ("spend"."usd" >= 0 and "spend"."reserved_usd" >= 0);--> statement-breakpoint
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_waiting_reason" CHECK ("tasks"."waiting_reason" in ('approval', 'frozen', 'over_budget', 'model_away', 'newer_schema'));--> statement-breakpoint
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_wait_until" CHECK ("tasks"."wait_until" is null or "tasks"."status" = 'waiting');--> statement-breakpoint
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_status" CHECK ("tasks"."status" in ('queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled', 'timed_out', 'expired', 'dead'));--> statement-breakpoint
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_finished" CHECK (("tasks"."status" in ('succeeded', 'failed', 'cancelled', 'timed_out', 'expired', 'dead')) = ("tasks"."finished_at" is not null));--> statement-breakpoint
ALTER TABLE "workers" ADD CONSTRAINT "workers_capacity" CHECK ("workers"."capacity" in ('spot', 'on_demand'));