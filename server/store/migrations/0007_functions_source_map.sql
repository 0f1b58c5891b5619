ALTER TABLE "isolate"."function_versions" ADD COLUMN "source_map" text;
--> statement-breakpoint
-- Counts the map like code. The expression of a generated column cannot be changed in every version that is supported.
ALTER TABLE "isolate"."function_versions" DROP COLUMN "size";
--> statement-breakpoint
ALTER TABLE "isolate"."function_versions" ADD COLUMN "size" bigint GENERATED ALWAYS AS (
  256 + octet_length("files") + octet_length("main") + octet_length("code") + octet_length("request")
  + coalesce(octet_length("source_map"), 0)
) STORED;
