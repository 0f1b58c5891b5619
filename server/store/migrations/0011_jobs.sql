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
--> statement-breakpoint
-- Executions by day. Ids are UUIDs of version 7, so their order is that of the days on which they were made. The rows
-- so far stay where they are, in the partition of everything before the day after tomorrow. A row without a partition
-- of its day is in `executions_other`.
CREATE FUNCTION "isolate"."first_execution_of"("of_time" timestamptz) RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT (lpad(to_hex(floor(extract(epoch FROM of_time) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;
--> statement-breakpoint
DROP TRIGGER count_inserted ON "isolate"."executions";--> statement-breakpoint
DROP TRIGGER count_deleted ON "isolate"."executions";--> statement-breakpoint
DROP TRIGGER count_updated ON "isolate"."executions";--> statement-breakpoint
ALTER TABLE "isolate"."executions" RENAME TO "executions_before";--> statement-breakpoint
ALTER INDEX "isolate"."executions_pkey" RENAME TO "executions_before_pkey";--> statement-breakpoint
ALTER INDEX "isolate"."executions_tenant_id_index" RENAME TO "executions_before_tenant_id_index";--> statement-breakpoint
ALTER INDEX "isolate"."executions_tenant_function_id_index" RENAME TO "executions_before_tenant_function_id_index";--> statement-breakpoint
ALTER INDEX "isolate"."executions_tenant_started_at_index" RENAME TO "executions_before_tenant_started_at_index";--> statement-breakpoint
ALTER INDEX "isolate"."executions_started_at_index" RENAME TO "executions_before_started_at_index";--> statement-breakpoint
CREATE TABLE "isolate"."executions" (LIKE "isolate"."executions_before" INCLUDING DEFAULTS INCLUDING GENERATED)
  PARTITION BY RANGE ("id");--> statement-breakpoint
ALTER TABLE "isolate"."executions" ADD CONSTRAINT "executions_pkey" PRIMARY KEY ("id");--> statement-breakpoint
CREATE INDEX "executions_tenant_id_index" ON "isolate"."executions" ("tenant", "id");--> statement-breakpoint
CREATE INDEX "executions_tenant_function_id_index" ON "isolate"."executions" ("tenant", "function", "id");--> statement-breakpoint
CREATE INDEX "executions_tenant_started_at_index" ON "isolate"."executions" ("tenant", "started_at");--> statement-breakpoint
CREATE INDEX "executions_started_at_index" ON "isolate"."executions" ("started_at");--> statement-breakpoint
CREATE TABLE "isolate"."executions_other" PARTITION OF "isolate"."executions" DEFAULT;
--> statement-breakpoint
-- Moves rows between tables with the columns of executions, generated ones left out.
CREATE FUNCTION "isolate"."move_executions"("of_table" regclass, "to_table" regclass, "first" uuid, "behind" uuid)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE names text;
BEGIN
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO names FROM pg_attribute
    WHERE attrelid = 'isolate.executions'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
  EXECUTE format('WITH moved AS (DELETE FROM %1$s WHERE id >= $1 AND ($2 IS NULL OR id < $2) RETURNING %2$s)
    INSERT INTO %3$s (%2$s) SELECT %2$s FROM moved', of_table, names, to_table) USING first, behind;
END $$;
--> statement-breakpoint
DO $$
DECLARE behind uuid := isolate.first_execution_of(date_trunc('day', now(), 'UTC') + interval '2 days');
BEGIN
  PERFORM isolate.move_executions('isolate.executions_before', 'isolate.executions_other', behind, NULL);
  EXECUTE format('ALTER TABLE isolate.executions ATTACH PARTITION isolate.executions_before FOR VALUES FROM (MINVALUE) TO (%L)', behind);
END $$;
--> statement-breakpoint
CREATE TRIGGER count_inserted AFTER INSERT ON "isolate"."executions" REFERENCING NEW TABLE AS inserted
  FOR EACH STATEMENT EXECUTE FUNCTION isolate.count_inserted('executions');
--> statement-breakpoint
CREATE TRIGGER count_deleted AFTER DELETE ON "isolate"."executions" REFERENCING OLD TABLE AS deleted
  FOR EACH STATEMENT EXECUTE FUNCTION isolate.count_deleted('executions');
--> statement-breakpoint
CREATE TRIGGER count_updated AFTER UPDATE ON "isolate"."executions" REFERENCING OLD TABLE AS deleted NEW TABLE AS inserted
  FOR EACH STATEMENT EXECUTE FUNCTION isolate.count_updated('executions');
--> statement-breakpoint
-- Partitions with the ids that they hold, and tables that were partitions and are still to be dropped.
CREATE VIEW "isolate"."execution_days" AS
SELECT c.relname::text AS name, i.inhrelid IS NOT NULL AS is_attached,
  coalesce(substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \(''([^'']+)''\)'), repeat('0', 32))::uuid AS first,
  substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([^'']+)''\)')::uuid AS behind
FROM pg_class AS c
LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid
WHERE c.relnamespace = 'isolate'::regnamespace AND c.relkind = 'r' AND c.relname ~ '^executions_(before|[0-9]{8})$';
--> statement-breakpoint
-- Makes the partition of a day. Returns false if there is one already. Rows of the day that came before it move there.
CREATE FUNCTION "isolate"."make_execution_day"("of_day" timestamptz) RETURNS boolean
LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  day_name text := 'executions_' || to_char(of_day AT TIME ZONE 'UTC', 'YYYYMMDD');
  first_id uuid := isolate.first_execution_of(of_day);
  behind_id uuid := isolate.first_execution_of(of_day + interval '1 day');
BEGIN
  IF EXISTS (
    SELECT FROM isolate.execution_days WHERE name = day_name OR (first < behind_id AND behind > first_id)
  ) THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE isolate.%I (LIKE isolate.executions INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING INDEXES)', day_name);
  -- Keeps rows of the day from coming in between.
  LOCK TABLE isolate.executions_other IN ACCESS EXCLUSIVE MODE;
  PERFORM isolate.move_executions('isolate.executions_other', format('isolate.%I', day_name)::regclass, first_id, behind_id);
  EXECUTE format('ALTER TABLE isolate.executions ATTACH PARTITION isolate.%I FOR VALUES FROM (%L) TO (%L)', day_name, first_id, behind_id);
  RETURN true;
END $$;
--> statement-breakpoint
-- Takes a partition out of the table, if all of its rows began before a time. Returns true if it is out.
CREATE FUNCTION "isolate"."detach_execution_day"("of_name" text, "of_time" timestamptz) RETURNS boolean
LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE is_over boolean;
BEGIN
  EXECUTE format('SELECT coalesce(max(started_at) < $1, true) FROM isolate.%I', of_name) INTO is_over USING of_time;
  IF is_over THEN EXECUTE format('ALTER TABLE isolate.executions DETACH PARTITION isolate.%I', of_name); END IF;
  RETURN is_over;
END $$;
--> statement-breakpoint
-- Drops what was a partition, and takes its rows off the counts. Nothing changes them any more. Returns their number.
CREATE FUNCTION "isolate"."drop_execution_day"("of_name" text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  counted record;
  dropped bigint := 0;
BEGIN
  FOR counted IN EXECUTE format('SELECT tenant, sum(size)::bigint AS bytes, count(*) AS rows FROM isolate.%I GROUP BY tenant ORDER BY tenant', of_name) LOOP
    PERFORM isolate.count_storage(counted.tenant, 'executions', -counted.bytes, -counted.rows);
    dropped := dropped + counted.rows;
  END LOOP;
  EXECUTE format('DROP TABLE isolate.%I', of_name);
  RETURN dropped;
END $$;
