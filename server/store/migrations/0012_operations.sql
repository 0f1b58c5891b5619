CREATE TABLE "isolate"."audit" (
	"id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"tenant" text,
	"target" text NOT NULL,
	"detail" text NOT NULL,
	"request_id" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "isolate"."hosts" (
	"name" text NOT NULL,
	"tenant" text NOT NULL,
	"function" text,
	"verified_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "hosts_tenant_name_pk" PRIMARY KEY("tenant","name")
);
--> statement-breakpoint
CREATE TABLE "isolate"."key_uses" (
	"key" text PRIMARY KEY NOT NULL,
	"used_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "isolate"."schedule_runs" (
	"tenant" text NOT NULL,
	"function" text NOT NULL,
	"schedule" text NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"outcome" text NOT NULL,
	"code" text,
	"execution" uuid,
	"served_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "schedule_runs_tenant_function_schedule_due_at_pk" PRIMARY KEY("tenant","function","schedule","due_at")
);
--> statement-breakpoint
CREATE TABLE "isolate"."schedules" (
	"tenant" text NOT NULL,
	"function" text NOT NULL,
	"name" text NOT NULL,
	"cron" text NOT NULL,
	"timezone" text NOT NULL,
	"input" text,
	"overlap" text NOT NULL,
	"paused" boolean DEFAULT false NOT NULL,
	"next_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "schedules_tenant_function_name_pk" PRIMARY KEY("tenant","function","name")
);
--> statement-breakpoint
CREATE TABLE "isolate"."secrets" (
	"tenant" text NOT NULL,
	"name" text NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"sealed" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "secrets_tenant_name_pk" PRIMARY KEY("tenant","name")
);
--> statement-breakpoint
CREATE TABLE "isolate"."denials" (
	"tenant" text NOT NULL,
	"day" date NOT NULL,
	"function" text DEFAULT '' NOT NULL,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"count" bigint DEFAULT 0 NOT NULL,
	"last_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "denials_tenant_day_function_kind_subject_pk" PRIMARY KEY("tenant","day","function","kind","subject")
);
--> statement-breakpoint
CREATE TABLE "isolate"."usage_details" (
	"tenant" text NOT NULL,
	"day" date NOT NULL,
	"function" text DEFAULT '' NOT NULL,
	"outcome" text NOT NULL,
	"executions" bigint DEFAULT 0 NOT NULL,
	"cpu" double precision DEFAULT 0 NOT NULL,
	"wall" double precision DEFAULT 0 NOT NULL,
	"egress_bytes" bigint DEFAULT 0 NOT NULL,
	"bytes_out" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "usage_details_tenant_day_function_outcome_pk" PRIMARY KEY("tenant","day","function","outcome")
);
--> statement-breakpoint
ALTER TABLE "isolate"."jobs" ADD COLUMN "context" text;--> statement-breakpoint
ALTER TABLE "isolate"."keys" ADD COLUMN "scopes" text;--> statement-breakpoint
ALTER TABLE "isolate"."keys" ADD COLUMN "expires_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "isolate"."tenants" ADD COLUMN "revision" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "isolate"."tenants" ADD COLUMN "suspended_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "isolate"."tenants" ADD COLUMN "suspended_reason" text;--> statement-breakpoint
ALTER TABLE "isolate"."key_uses" ADD CONSTRAINT "key_uses_key_keys_id_fk" FOREIGN KEY ("key") REFERENCES "isolate"."keys"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "isolate"."schedule_runs" ADD CONSTRAINT "schedule_runs_schedule" FOREIGN KEY ("tenant","function","schedule") REFERENCES "isolate"."schedules"("tenant","function","name") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "isolate"."schedules" ADD CONSTRAINT "schedules_tenant_function_functions_tenant_name_fk" FOREIGN KEY ("tenant","function") REFERENCES "isolate"."functions"("tenant","name") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_tenant_id_index" ON "isolate"."audit" USING btree ("tenant","id");--> statement-breakpoint
CREATE INDEX "audit_at_index" ON "isolate"."audit" USING btree ("at");--> statement-breakpoint
CREATE UNIQUE INDEX "hosts_verified" ON "isolate"."hosts" USING btree ("name") WHERE "isolate"."hosts"."verified_at" is not null;--> statement-breakpoint
CREATE INDEX "tenants_suspended" ON "isolate"."tenants" USING btree ("id") WHERE "isolate"."tenants"."suspended_at" is not null;--> statement-breakpoint
CREATE INDEX "schedules_due" ON "isolate"."schedules" USING btree ("next_at") WHERE "isolate"."schedules"."next_at" is not null;--> statement-breakpoint
CREATE INDEX "denials_day_index" ON "isolate"."denials" USING btree ("day");--> statement-breakpoint
CREATE INDEX "usage_details_day_index" ON "isolate"."usage_details" USING btree ("day");--> statement-breakpoint
CREATE INDEX "jobs_held" ON "isolate"."jobs" USING btree ("tenant","claimed_until") WHERE "isolate"."jobs"."finished_at" is null and "isolate"."jobs"."claimed_until" is not null;
--> statement-breakpoint
-- Counts what these rows take in the storage of their tenants.
ALTER TABLE "isolate"."secrets" ADD COLUMN "size" bigint GENERATED ALWAYS AS (
  256 + octet_length("name") + octet_length("sealed")
) STORED;
--> statement-breakpoint
ALTER TABLE "isolate"."schedules" ADD COLUMN "size" bigint GENERATED ALWAYS AS (
  512 + octet_length("function") + octet_length("name") + octet_length("cron") + coalesce(octet_length("input"), 0)
) STORED;
--> statement-breakpoint
ALTER TABLE "isolate"."hosts" ADD COLUMN "size" bigint GENERATED ALWAYS AS (256 + octet_length("name")) STORED;
--> statement-breakpoint
DO $$
DECLARE counted text;
BEGIN
  FOREACH counted IN ARRAY ARRAY['secrets', 'schedules', 'hosts'] LOOP
    EXECUTE format('CREATE TRIGGER count_inserted AFTER INSERT ON isolate.%1$I REFERENCING NEW TABLE AS inserted
      FOR EACH STATEMENT EXECUTE FUNCTION isolate.count_inserted(%1$L)', counted);
    EXECUTE format('CREATE TRIGGER count_deleted AFTER DELETE ON isolate.%1$I REFERENCING OLD TABLE AS deleted
      FOR EACH STATEMENT EXECUTE FUNCTION isolate.count_deleted(%1$L)', counted);
    EXECUTE format('CREATE TRIGGER count_updated AFTER UPDATE ON isolate.%1$I REFERENCING OLD TABLE AS deleted NEW TABLE AS inserted
      FOR EACH STATEMENT EXECUTE FUNCTION isolate.count_updated(%1$L)', counted);
  END LOOP;
END $$;
--> statement-breakpoint
-- Notifies other servers of a secret that was written or deleted, and of a host name.
CREATE TRIGGER notify_change AFTER INSERT OR UPDATE OR DELETE ON "isolate"."secrets"
  FOR EACH ROW EXECUTE FUNCTION isolate.notify_change('secret');
--> statement-breakpoint
CREATE TRIGGER notify_change AFTER INSERT OR UPDATE OR DELETE ON "isolate"."hosts"
  FOR EACH ROW EXECUTE FUNCTION isolate.notify_change('host');
