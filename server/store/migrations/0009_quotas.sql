CREATE TABLE "isolate"."budget_leases" (
	"tenant" text NOT NULL,
	"day" date NOT NULL,
	"node" text NOT NULL,
	"reserved" integer DEFAULT 0 NOT NULL,
	"ahead" integer DEFAULT 0 NOT NULL,
	"ahead_until" timestamp with time zone NOT NULL,
	"until" timestamp with time zone NOT NULL,
	CONSTRAINT "budget_leases_tenant_day_node_pk" PRIMARY KEY("tenant","day","node")
);
--> statement-breakpoint
CREATE TABLE "isolate"."rate_windows" (
	"tenant" text NOT NULL,
	"kind" text NOT NULL,
	"ends" timestamp with time zone NOT NULL,
	"count" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "rate_windows_tenant_kind_pk" PRIMARY KEY("tenant","kind")
);
--> statement-breakpoint
CREATE TABLE "isolate"."slot_leases" (
	"tenant" text NOT NULL,
	"kind" text NOT NULL,
	"node" text NOT NULL,
	"held" integer DEFAULT 0 NOT NULL,
	"until" timestamp with time zone NOT NULL,
	"wanted" integer DEFAULT 0 NOT NULL,
	"waits_since" timestamp with time zone,
	"waits_until" timestamp with time zone,
	CONSTRAINT "slot_leases_tenant_kind_node_pk" PRIMARY KEY("tenant","kind","node")
);
--> statement-breakpoint
CREATE TABLE "isolate"."usage" (
	"tenant" text NOT NULL,
	"day" date NOT NULL,
	"executions" bigint DEFAULT 0 NOT NULL,
	"cpu" double precision DEFAULT 0 NOT NULL,
	CONSTRAINT "usage_tenant_day_pk" PRIMARY KEY("tenant","day")
);
--> statement-breakpoint
CREATE INDEX "usage_day_index" ON "isolate"."usage" USING btree ("day");
--> statement-breakpoint
-- Leaves room in each page, so that an update stays in its page and changes no index.
ALTER TABLE "isolate"."budget_leases" SET (fillfactor = 50);
--> statement-breakpoint
ALTER TABLE "isolate"."slot_leases" SET (fillfactor = 50);
--> statement-breakpoint
ALTER TABLE "isolate"."rate_windows" SET (fillfactor = 50);
--> statement-breakpoint
ALTER TABLE "isolate"."usage" SET (fillfactor = 70);
--> statement-breakpoint
INSERT INTO "isolate"."usage" ("tenant", "day", "executions", "cpu")
SELECT "tenant", (now() AT TIME ZONE 'UTC')::date, count(*),
  coalesce(sum(coalesce("cpu", "wall" - coalesce("queued", 0), "duration")), 0)
FROM "isolate"."executions"
WHERE "started_at" >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AND "outcome" NOT IN ('refused', 'failed')
GROUP BY "tenant";
--> statement-breakpoint
-- Leases places of a tenant to a server, which has `has` of them and needs `wants` in all. Locks first: each later
-- statement of a function sees what was committed by then, which the parts of one statement would not.
-- While others wait, no server takes more than its share, the places divided by the servers that use them, and those
-- that have waited for longer come first. `give` is the number that a server has to give back for them as its
-- executions end. With fewer places than servers, that is one at a time, so that the places go round.
CREATE FUNCTION "isolate"."lease_slots"(
  "of_tenant" text, "of_kind" text, "of_node" text, "has" int, "wants" int, "most" int, "ms" float8,
  OUT "holds" int, OUT "give" int, OUT "free" int
) LANGUAGE plpgsql AS $$
DECLARE
  instant timestamptz;
  since timestamptz;
  theirs int; nodes int; share int; needed int; earlier int; added int;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('isolate slots ' || of_kind || ' ' || of_tenant, 0));
  instant := clock_timestamp();
  DELETE FROM isolate.slot_leases AS l WHERE l.tenant = of_tenant AND l.kind = of_kind
    AND l.until < instant - interval '1 minute' AND coalesce(l.waits_until, l.until) < instant;
  SELECT coalesce(sum(l.held) FILTER (WHERE l.node <> of_node AND l.until > instant), 0),
    least(has, coalesce(sum(l.held) FILTER (WHERE l.node = of_node AND l.until > instant), 0)),
    -- Whoever gives places back waits from now on.
    min(l.waits_since) FILTER (WHERE l.node = of_node AND l.waits_until > instant AND l.held <= has),
    1 + count(*) FILTER (WHERE l.node <> of_node AND ((l.held > 0 AND l.until > instant) OR l.waits_until > instant))
    INTO theirs, holds, since, nodes
    FROM isolate.slot_leases AS l WHERE l.tenant = of_tenant AND l.kind = of_kind;
  -- A lowered limit takes places away.
  holds := greatest(0, least(holds, most - theirs));
  free := greatest(0, most - theirs - holds);
  share := greatest(1, most / nodes);
  SELECT coalesce(sum(w.need), 0), coalesce(sum(w.need) FILTER (WHERE w.waits_since < coalesce(since, instant)), 0)
    INTO needed, earlier
    FROM (SELECT l.waits_since,
        greatest(0, least(share, l.wanted) - CASE WHEN l.until > instant THEN l.held ELSE 0 END) AS need
      FROM isolate.slot_leases AS l
      WHERE l.tenant = of_tenant AND l.kind = of_kind AND l.node <> of_node AND l.waits_until > instant) AS w;
  added := greatest(0, least(wants - holds, free - needed), least(wants - holds, share - holds, free - earlier));
  holds := holds + added;
  free := free - added;
  give := CASE WHEN needed <= free THEN 0 WHEN most < nodes THEN least(1, holds) ELSE greatest(0, holds - share) END;
  IF holds = 0 AND wants <= 0 THEN
    DELETE FROM isolate.slot_leases AS l WHERE l.tenant = of_tenant AND l.kind = of_kind AND l.node = of_node;
    RETURN;
  END IF;
  INSERT INTO isolate.slot_leases AS l (tenant, kind, node, held, until, wanted, waits_since, waits_until)
    VALUES (of_tenant, of_kind, of_node, holds, instant + ms * interval '1 millisecond', wants,
      CASE WHEN wants <= holds THEN NULL WHEN added > 0 THEN instant ELSE coalesce(since, instant) END,
      CASE WHEN wants > holds THEN instant + interval '2.5 seconds' END)
    ON CONFLICT (tenant, kind, node) DO UPDATE SET held = excluded.held, until = excluded.until, wanted = excluded.wanted,
      waits_since = excluded.waits_since, waits_until = excluded.waits_until;
END $$;
--> statement-breakpoint
-- Takes events out of a tenant's window: those that are wanted, and up to `ahead` more while they are plenty. Begins the
-- next window if the last one is over. Puts back `gives` events of the window that ends at `of_window`.
CREATE FUNCTION "isolate"."take_events"(
  "of_tenant" text, "of_kind" text, "requests" int, "seconds" float8, "wants" int, "ahead" int, "gives" int, "of_window" text,
  OUT "granted" int, OUT "left" int, OUT "window" text, OUT "lasts" float8
) LANGUAGE plpgsql AS $$
DECLARE
  instant timestamptz;
  ends_at timestamptz;
  taken int;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('isolate events ' || of_kind || ' ' || of_tenant, 0));
  instant := clock_timestamp();
  SELECT w.ends, w.count INTO ends_at, taken FROM isolate.rate_windows AS w WHERE w.tenant = of_tenant AND w.kind = of_kind;
  IF ends_at IS NULL OR ends_at <= instant THEN
    ends_at := instant + seconds * interval '1 second';
    taken := 0;
  ELSE
    IF gives > 0 AND extract(epoch FROM ends_at)::text = of_window THEN taken := greatest(0, taken - gives); END IF;
    -- A shorter window counts at once.
    ends_at := least(ends_at, instant + seconds * interval '1 second');
  END IF;
  "left" := greatest(0, requests - taken);
  granted := least("left", wants + least(ahead, greatest(0, greatest(("left" - wants) / 4, requests / 16))));
  "left" := "left" - granted;
  "window" := extract(epoch FROM ends_at)::text;
  lasts := extract(epoch FROM ends_at - instant) * 1000;
  IF granted > 0 OR gives > 0 THEN
    INSERT INTO isolate.rate_windows AS w (tenant, kind, ends, count) VALUES (of_tenant, of_kind, ends_at, taken + granted)
      ON CONFLICT (tenant, kind) DO UPDATE SET ends = excluded.ends, count = excluded.count;
  END IF;
END $$;
--> statement-breakpoint
-- Reserves executions of a tenant's budget of today: those that are wanted, and up to `ahead` more while they are plenty.
-- Puts back `gives` executions of the day `of_day`. Without `most`, reads the use only. `coming` is the number that other
-- servers may put back soon.
CREATE FUNCTION "isolate"."reserve_executions"(
  "of_tenant" text, "of_node" text, "most" bigint, "wants" int, "ahead" int, "gives" int, "of_day" date, "ms" float8, "ahead_ms" float8,
  OUT "today" text, OUT "lasts" float8, OUT "used" bigint, OUT "cpu" float8, OUT "granted" int, OUT "coming" bigint
) LANGUAGE plpgsql AS $$
DECLARE
  instant timestamptz;
  day_now date;
  remains bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('isolate budget ' || of_tenant, 0));
  instant := clock_timestamp();
  day_now := (instant AT TIME ZONE 'UTC')::date;
  today := day_now::text;
  lasts := extract(epoch FROM ((day_now + 1)::timestamp AT TIME ZONE 'UTC') - instant) * 1000;
  IF gives > 0 THEN
    UPDATE isolate.budget_leases AS l SET reserved = greatest(0, l.reserved - gives), ahead = greatest(0, l.ahead - gives)
      WHERE l.tenant = of_tenant AND l.day = of_day AND l.node = of_node;
  END IF;
  -- One statement, because the record of an execution moves it from the one sum to the other.
  SELECT coalesce((SELECT u.executions FROM isolate.usage AS u WHERE u.tenant = of_tenant AND u.day = day_now), 0),
    coalesce((SELECT u.cpu FROM isolate.usage AS u WHERE u.tenant = of_tenant AND u.day = day_now), 0),
    coalesce(sum(l.reserved), 0), coalesce(sum(l.ahead) FILTER (WHERE l.node <> of_node AND l.ahead_until > instant), 0)
    INTO used, cpu, remains, coming
    FROM isolate.budget_leases AS l WHERE l.tenant = of_tenant AND l.day = day_now AND l.until > instant;
  IF most IS NULL THEN
    granted := wants;
    RETURN;
  END IF;
  remains := greatest(0, most - used - remains);
  granted := least(remains, wants + least(reserve_executions.ahead, greatest(0, (remains - wants) / 8)));
  IF granted > 0 THEN
    INSERT INTO isolate.budget_leases AS l (tenant, day, node, reserved, ahead, ahead_until, until)
      VALUES (of_tenant, day_now, of_node, granted, granted - least(granted, wants), instant + ahead_ms * interval '1 millisecond',
        instant + ms * interval '1 millisecond')
      ON CONFLICT (tenant, day, node) DO UPDATE SET reserved = l.reserved + excluded.reserved, ahead = excluded.ahead,
        ahead_until = excluded.ahead_until, until = excluded.until;
  END IF;
END $$;
