CREATE TABLE "isolate"."storage" (
	"tenant" text NOT NULL,
	"kind" text NOT NULL,
	"bytes" bigint DEFAULT 0 NOT NULL,
	"count" bigint DEFAULT 0 NOT NULL,
	"most" bigint,
	CONSTRAINT "storage_tenant_kind_pk" PRIMARY KEY("tenant","kind")
);
--> statement-breakpoint
ALTER TABLE "isolate"."resources" ADD COLUMN "tenant" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "isolate"."resources" ADD COLUMN "search" text DEFAULT '' NOT NULL;--> statement-breakpoint
CREATE INDEX "domains_tenant_index" ON "isolate"."domains" USING btree ("tenant");--> statement-breakpoint
CREATE INDEX "jobs_tenant" ON "isolate"."jobs" USING btree ("tenant");--> statement-breakpoint
CREATE INDEX "resources_tenant_index" ON "isolate"."resources" USING btree ("tenant");