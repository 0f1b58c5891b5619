-- Counts what each tenant stores, and bounds it. A row counts with its texts and what it takes beside them.
-- What is not answered yet counts with the 64 KiB that its answer is certain to find.
ALTER TABLE "isolate"."functions" ADD COLUMN "size" bigint GENERATED ALWAYS AS (256 + octet_length("name")) STORED;
--> statement-breakpoint
ALTER TABLE "isolate"."function_versions" ADD COLUMN "size" bigint GENERATED ALWAYS AS (
  256 + octet_length("files") + octet_length("main") + octet_length("code") + octet_length("request")
) STORED;
--> statement-breakpoint
ALTER TABLE "isolate"."executions" ADD COLUMN "size" bigint GENERATED ALWAYS AS (
  512 + octet_length("tools") + octet_length("permissions") + coalesce(octet_length("error"), 0)
) STORED;
--> statement-breakpoint
ALTER TABLE "isolate"."jobs" ADD COLUMN "size" bigint GENERATED ALWAYS AS (
  512 + octet_length("request") + coalesce(octet_length("callback"), 0)
  + CASE WHEN "finished_at" IS NULL THEN 65536 ELSE coalesce(octet_length("answer"), 0) END
) STORED;
--> statement-breakpoint
ALTER TABLE "isolate"."idempotency" ADD COLUMN "size" bigint GENERATED ALWAYS AS (
  256 + octet_length("key") + octet_length("fingerprint") + coalesce(octet_length("answer"), 65536)
) STORED;
--> statement-breakpoint
ALTER TABLE "isolate"."domains" ADD COLUMN "size" bigint GENERATED ALWAYS AS (256 + octet_length("domain")) STORED;
--> statement-breakpoint
UPDATE "isolate"."resources" SET "tenant" = "domains"."tenant", "search" = lower(split_part("locator", '@', 1))
FROM "isolate"."domains" WHERE "domains"."domain" = "resources"."domain";
--> statement-breakpoint
ALTER TABLE "isolate"."resources" ADD COLUMN "size" bigint GENERATED ALWAYS AS (
  256 + 2 * octet_length("locator") + octet_length("manifest") + octet_length("archive")
) STORED;
--> statement-breakpoint
ALTER TABLE "isolate"."types" ADD COLUMN "size" bigint GENERATED ALWAYS AS (
  256 + octet_length("described") + octet_length("code")
) STORED;
--> statement-breakpoint
-- A search reads this index alone, in the order of its answer.
CREATE INDEX "resources_search" ON "isolate"."resources" ("locator" COLLATE "C") INCLUDE ("search", "domain");
--> statement-breakpoint
-- Adds to the counts of a tenant. The row of all kinds is locked first, so that a tenant's writers come one
-- after another and each sees the sum with what those before it have added. Executions have a bound of
-- their own, and are no part of that sum.
CREATE FUNCTION "isolate"."count_storage"("of_tenant" text, "of_kind" text, "more_bytes" bigint, "more_rows" bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  counted text;
  reached record;
  kinds text[] := CASE WHEN of_kind = 'executions' THEN ARRAY[of_kind] ELSE ARRAY['', of_kind] END;
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
CREATE FUNCTION "isolate"."count_inserted"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE changed record;
BEGIN
  FOR changed IN SELECT tenant, sum(size)::bigint AS bytes, count(*) AS rows FROM inserted GROUP BY tenant ORDER BY tenant LOOP
    PERFORM isolate.count_storage(changed.tenant, TG_ARGV[0], changed.bytes, changed.rows);
  END LOOP;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE FUNCTION "isolate"."count_deleted"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE changed record;
BEGIN
  FOR changed IN SELECT tenant, sum(size)::bigint AS bytes, count(*) AS rows FROM deleted GROUP BY tenant ORDER BY tenant LOOP
    PERFORM isolate.count_storage(changed.tenant, TG_ARGV[0], -changed.bytes, -changed.rows);
  END LOOP;
  RETURN NULL;
END $$;
--> statement-breakpoint
-- No row changes its tenant.
CREATE FUNCTION "isolate"."count_updated"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE changed record;
BEGIN
  FOR changed IN SELECT tenant, sum(bytes)::bigint AS bytes FROM (
    SELECT tenant, size AS bytes FROM inserted UNION ALL SELECT tenant, -size FROM deleted
  ) AS differences GROUP BY tenant HAVING sum(bytes) <> 0 ORDER BY tenant LOOP
    PERFORM isolate.count_storage(changed.tenant, TG_ARGV[0], changed.bytes, 0);
  END LOOP;
  RETURN NULL;
END $$;
--> statement-breakpoint
-- Counts all rows of one kind, or of one kind and tenant, anew. Locks first: every statement of the function sees
-- what has been committed by then, and a writer that has yet to count its rows waits for the lock.
CREATE FUNCTION "isolate"."recount_storage"("of_tenant" text, "of_kind" text, "of_table" regclass)
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
      FROM isolate.storage WHERE tenant = of_tenant AND kind NOT IN ('', 'executions')) AS summed
    WHERE s.tenant = of_tenant AND s.kind = '' AND (s.bytes, s.count) IS DISTINCT FROM (summed.bytes, summed.rows);
END $$;
--> statement-breakpoint
DO $$
DECLARE counted record;
BEGIN
  FOR counted IN SELECT * FROM (VALUES
    ('functions', 'functions'), ('versions', 'function_versions'), ('executions', 'executions'), ('jobs', 'jobs'),
    ('idempotency', 'idempotency'), ('domains', 'domains'), ('resources', 'resources'), ('types', 'types')
  ) AS t (kind, name) LOOP
    EXECUTE format('INSERT INTO isolate.storage (tenant, kind, bytes, count)
      SELECT tenant, %L, sum(size), count(*) FROM isolate.%I GROUP BY tenant', counted.kind, counted.name);
    EXECUTE format('CREATE TRIGGER count_inserted AFTER INSERT ON isolate.%I REFERENCING NEW TABLE AS inserted
      FOR EACH STATEMENT EXECUTE FUNCTION isolate.count_inserted(%L)', counted.name, counted.kind);
    EXECUTE format('CREATE TRIGGER count_deleted AFTER DELETE ON isolate.%I REFERENCING OLD TABLE AS deleted
      FOR EACH STATEMENT EXECUTE FUNCTION isolate.count_deleted(%L)', counted.name, counted.kind);
    EXECUTE format('CREATE TRIGGER count_updated AFTER UPDATE ON isolate.%I REFERENCING OLD TABLE AS deleted NEW TABLE AS inserted
      FOR EACH STATEMENT EXECUTE FUNCTION isolate.count_updated(%L)', counted.name, counted.kind);
  END LOOP;
  INSERT INTO isolate.storage (tenant, kind, bytes, count) SELECT tenant, '', sum(bytes), sum(count)
    FROM isolate.storage WHERE kind <> 'executions' GROUP BY tenant;
END $$;
