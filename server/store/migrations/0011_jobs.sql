DROP INDEX "isolate"."jobs_notify";--> statement-breakpoint
ALTER TABLE "isolate"."executions" ADD COLUMN "fresh" text;--> statement-breakpoint
CREATE TABLE "isolate"."chores" (
	"name" text PRIMARY KEY NOT NULL,
	"done_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "isolate"."jobs" ADD COLUMN "notifier" text;--> statement-breakpoint
-- Heads of the tenants' lines, so that a claim reads no row that it does not take.
CREATE INDEX "jobs_waiting" ON "isolate"."jobs" USING btree ("tenant","id") WHERE "isolate"."jobs"."finished_at" is null and "isolate"."jobs"."claimed_until" is null;--> statement-breakpoint
CREATE INDEX "jobs_claimed" ON "isolate"."jobs" USING btree ("claimed_until") WHERE "isolate"."jobs"."finished_at" is null and "isolate"."jobs"."claimed_until" is not null;--> statement-breakpoint
CREATE INDEX "jobs_running" ON "isolate"."jobs" USING btree ("tenant","claimed_until") WHERE "isolate"."jobs"."state" = 'running';--> statement-breakpoint
CREATE INDEX "jobs_callbacks" ON "isolate"."jobs" USING btree ("tenant","notify_at") WHERE "isolate"."jobs"."notify";
--> statement-breakpoint
-- Tells whether a tenant may have one more job that waits or runs. Waits for other calls for the tenant first: each
-- statement of the function sees what has been committed by then, so that their jobs count.
CREATE FUNCTION "isolate"."may_accept_job"("of_tenant" text, "most" integer) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(491503711, hashtext(of_tenant));
  RETURN (SELECT count(*) < most FROM isolate.jobs WHERE tenant = of_tenant AND finished_at IS NULL);
END $$;
