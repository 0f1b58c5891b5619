CREATE TABLE "isolate"."package_sets" (
	"tenant" text NOT NULL,
	"name" text NOT NULL,
	"lock" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "package_sets_tenant_name_pk" PRIMARY KEY("tenant","name")
);
--> statement-breakpoint
ALTER TABLE "isolate"."function_versions" ADD COLUMN "lock" text;--> statement-breakpoint
ALTER TABLE "isolate"."function_versions" ADD COLUMN "lock_hash" text;
--> statement-breakpoint
-- Counts the lock like code. The expression of a generated column cannot be changed in every version that is supported.
ALTER TABLE "isolate"."function_versions" DROP COLUMN "size";
--> statement-breakpoint
ALTER TABLE "isolate"."function_versions" ADD COLUMN "size" bigint GENERATED ALWAYS AS (
  256 + octet_length("files") + octet_length("main") + octet_length("code") + octet_length("request")
  + coalesce(octet_length("source_map"), 0) + coalesce(octet_length("lock"), 0)
) STORED;
--> statement-breakpoint
ALTER TABLE "isolate"."package_sets" ADD COLUMN "size" bigint GENERATED ALWAYS AS (
  256 + octet_length("name") + octet_length("lock")
) STORED;
--> statement-breakpoint
CREATE TRIGGER count_inserted AFTER INSERT ON "isolate"."package_sets" REFERENCING NEW TABLE AS inserted
  FOR EACH STATEMENT EXECUTE FUNCTION isolate.count_inserted('packages');
--> statement-breakpoint
CREATE TRIGGER count_deleted AFTER DELETE ON "isolate"."package_sets" REFERENCING OLD TABLE AS deleted
  FOR EACH STATEMENT EXECUTE FUNCTION isolate.count_deleted('packages');
--> statement-breakpoint
CREATE TRIGGER count_updated AFTER UPDATE ON "isolate"."package_sets" REFERENCING OLD TABLE AS deleted NEW TABLE AS inserted
  FOR EACH STATEMENT EXECUTE FUNCTION isolate.count_updated('packages');
