CREATE TABLE "isolate"."execution_logs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"function" text,
	"version" integer,
	"started_at" timestamp (3) with time zone NOT NULL,
	"server" text NOT NULL,
	"level" smallint NOT NULL,
	"dropped" integer NOT NULL,
	"entries" text NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "execution_logs_tenant_id_index" ON "isolate"."execution_logs" USING btree ("tenant","id");--> statement-breakpoint
CREATE INDEX "execution_logs_tenant_function_id_index" ON "isolate"."execution_logs" USING btree ("tenant","function","id") WHERE "isolate"."execution_logs"."function" is not null;--> statement-breakpoint
CREATE INDEX "execution_logs_tenant_function_recorded_at_index" ON "isolate"."execution_logs" USING btree ("tenant","function","recorded_at") WHERE "isolate"."execution_logs"."function" is not null;--> statement-breakpoint
ALTER TABLE "isolate"."execution_logs" ADD COLUMN "size" bigint GENERATED ALWAYS AS (256 + octet_length("entries")) STORED;
--> statement-breakpoint
-- As in 0002, but logs are, like executions, no part of the sum of all kinds: the oldest give way instead.
CREATE OR REPLACE FUNCTION "isolate"."count_storage"("of_tenant" text, "of_kind" text, "more_bytes" bigint, "more_rows" bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  counted text;
  reached record;
  kinds text[] := CASE WHEN of_kind IN ('executions', 'logs') THEN ARRAY[of_kind] ELSE ARRAY['', of_kind] END;
BEGIN
  IF more_bytes = 0 AND more_rows = 0 THEN RETURN; END IF;
  FOREACH counted IN ARRAY kinds LOOP
    IF more_bytes <= 0 AND more_rows <= 0 THEN
      UPDATE isolate.storage AS s
        SET bytes = greatest(0, s.bytes + more_bytes), count = greatest(0, s.count + more_rows)
        WHERE s.tenant = of_tenant AND s.kind = counted;
      CONTINUE;
    END IF;
    INSERT INTO isolate.storage AS s (tenant, kind, bytes, count)
      VALUES (of_tenant, counted, greatest(0, more_bytes), greatest(0, more_rows))
      ON CONFLICT (tenant, kind) DO UPDATE
        SET bytes = greatest(0, s.bytes + more_bytes), count = greatest(0, s.count + more_rows)
      RETURNING s.bytes, s.count, s.most INTO reached;
    IF (counted = '' AND more_bytes > 0 AND reached.bytes > reached.most)
      OR (counted <> '' AND more_rows > 0 AND reached.count > reached.most) THEN
      RAISE EXCEPTION 'The storage of a tenant is full' USING ERRCODE = 'IS507', DETAIL = json_build_object(
        'kind', of_kind, 'added', more_bytes, 'most', reached.most, 'what', CASE counted WHEN '' THEN 'bytes' ELSE 'count' END
      )::text;
    END IF;
  END LOOP;
END $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION "isolate"."recount_storage"("of_tenant" text, "of_kind" text, "of_table" regclass)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE found record;
BEGIN
  INSERT INTO isolate.storage (tenant, kind) VALUES (of_tenant, ''), (of_tenant, of_kind) ON CONFLICT DO NOTHING;
  PERFORM 1 FROM isolate.storage WHERE tenant = of_tenant AND kind IN ('', of_kind) ORDER BY kind FOR UPDATE;
  EXECUTE format('SELECT coalesce(sum(size), 0)::bigint AS bytes, count(*) AS rows FROM %s WHERE tenant = $1', of_table)
    INTO found USING of_tenant;
  UPDATE isolate.storage SET bytes = found.bytes, count = found.rows
    WHERE tenant = of_tenant AND kind = of_kind AND (bytes, count) IS DISTINCT FROM (found.bytes, found.rows);
  UPDATE isolate.storage AS s SET bytes = summed.bytes, count = summed.rows
    FROM (SELECT coalesce(sum(bytes), 0)::bigint AS bytes, coalesce(sum(count), 0)::bigint AS rows
      FROM isolate.storage WHERE tenant = of_tenant AND kind NOT IN ('', 'executions', 'logs')) AS summed
    WHERE s.tenant = of_tenant AND s.kind = '' AND (s.bytes, s.count) IS DISTINCT FROM (summed.bytes, summed.rows);
END $$;
--> statement-breakpoint
CREATE TRIGGER count_inserted AFTER INSERT ON "isolate"."execution_logs" REFERENCING NEW TABLE AS inserted
  FOR EACH STATEMENT EXECUTE FUNCTION isolate.count_inserted('logs');
--> statement-breakpoint
CREATE TRIGGER count_deleted AFTER DELETE ON "isolate"."execution_logs" REFERENCING OLD TABLE AS deleted
  FOR EACH STATEMENT EXECUTE FUNCTION isolate.count_deleted('logs');
