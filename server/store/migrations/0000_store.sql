CREATE SCHEMA IF NOT EXISTS "isolate";
--> statement-breakpoint
CREATE TABLE "isolate"."domains" (
	"domain" text PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "isolate"."executions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"request_id" text NOT NULL,
	"via" text NOT NULL,
	"function" text,
	"version" integer,
	"level" text NOT NULL,
	"tools" text NOT NULL,
	"permissions" text NOT NULL,
	"outcome" text NOT NULL,
	"error" text,
	"started_at" timestamp (3) with time zone NOT NULL,
	"duration" double precision NOT NULL,
	"wall" double precision,
	"cpu" double precision,
	"peak_memory" bigint,
	"bytes_out" bigint,
	"egress_bytes" bigint
);
--> statement-breakpoint
CREATE TABLE "isolate"."functions" (
	"tenant" text NOT NULL,
	"name" text NOT NULL,
	"current" integer NOT NULL,
	"latest" integer NOT NULL,
	"kind" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "functions_tenant_name_pk" PRIMARY KEY("tenant","name")
);
--> statement-breakpoint
CREATE TABLE "isolate"."idempotency" (
	"tenant" text NOT NULL,
	"key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"until" timestamp (3) with time zone NOT NULL,
	"answer" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_tenant_key_pk" PRIMARY KEY("tenant","key")
);
--> statement-breakpoint
CREATE TABLE "isolate"."jobs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"request_id" text NOT NULL,
	"request" text NOT NULL,
	"function" text,
	"version" integer,
	"callback" text,
	"state" text DEFAULT 'queued' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"answer" text,
	"notify" boolean DEFAULT false NOT NULL,
	"accepted_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp (3) with time zone,
	"owner" text,
	"claimed_until" timestamp (3) with time zone,
	"notify_at" timestamp (3) with time zone,
	"tries" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "isolate"."keys" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"label" text NOT NULL,
	"hash" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "isolate"."resources" (
	"locator" text PRIMARY KEY NOT NULL,
	"domain" text NOT NULL,
	"manifest" text NOT NULL,
	"archive" "bytea" NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "isolate"."tenants" (
	"id" text PRIMARY KEY NOT NULL,
	"settings" text NOT NULL,
	"secrets" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "isolate"."type_names" (
	"tenant" text NOT NULL,
	"name" text NOT NULL,
	"type" text NOT NULL,
	CONSTRAINT "type_names_tenant_name_pk" PRIMARY KEY("tenant","name")
);
--> statement-breakpoint
CREATE TABLE "isolate"."types" (
	"tenant" text NOT NULL,
	"name" text NOT NULL,
	"described" text NOT NULL,
	"code" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "types_tenant_name_pk" PRIMARY KEY("tenant","name")
);
--> statement-breakpoint
CREATE TABLE "isolate"."function_versions" (
	"tenant" text NOT NULL,
	"name" text NOT NULL,
	"version" integer NOT NULL,
	"kind" text NOT NULL,
	"files" text NOT NULL,
	"main" text NOT NULL,
	"code" text NOT NULL,
	"request" text NOT NULL,
	"public" boolean NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "function_versions_tenant_name_version_pk" PRIMARY KEY("tenant","name","version")
);
--> statement-breakpoint
ALTER TABLE "isolate"."keys" ADD CONSTRAINT "keys_tenant_tenants_id_fk" FOREIGN KEY ("tenant") REFERENCES "isolate"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "isolate"."resources" ADD CONSTRAINT "resources_domain_domains_domain_fk" FOREIGN KEY ("domain") REFERENCES "isolate"."domains"("domain") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "isolate"."type_names" ADD CONSTRAINT "type_names_tenant_type_types_tenant_name_fk" FOREIGN KEY ("tenant","type") REFERENCES "isolate"."types"("tenant","name") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "isolate"."function_versions" ADD CONSTRAINT "function_versions_tenant_name_functions_tenant_name_fk" FOREIGN KEY ("tenant","name") REFERENCES "isolate"."functions"("tenant","name") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "executions_tenant_id_index" ON "isolate"."executions" USING btree ("tenant","id");--> statement-breakpoint
CREATE INDEX "executions_tenant_started_at_index" ON "isolate"."executions" USING btree ("tenant","started_at");--> statement-breakpoint
CREATE INDEX "executions_started_at_index" ON "isolate"."executions" USING btree ("started_at");--> statement-breakpoint
CREATE INDEX "idempotency_created_at_index" ON "isolate"."idempotency" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "jobs_pending" ON "isolate"."jobs" USING btree ("tenant","id") WHERE "isolate"."jobs"."finished_at" is null;--> statement-breakpoint
CREATE INDEX "jobs_notify" ON "isolate"."jobs" USING btree ("notify_at") WHERE "isolate"."jobs"."notify";--> statement-breakpoint
CREATE INDEX "jobs_finished" ON "isolate"."jobs" USING btree ("finished_at");--> statement-breakpoint
CREATE INDEX "keys_tenant_index" ON "isolate"."keys" USING btree ("tenant");--> statement-breakpoint
CREATE INDEX "resources_domain_index" ON "isolate"."resources" USING btree ("domain");