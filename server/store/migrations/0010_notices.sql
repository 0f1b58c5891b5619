-- Tables of what a crash of the database may empty: their rows are written again, or have passed.
CREATE UNLOGGED TABLE "isolate"."channel_messages" (
	"id" uuid PRIMARY KEY NOT NULL,
	"text" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE UNLOGGED TABLE "isolate"."channel_subscribers" (
	"tenant" text NOT NULL,
	"node" text NOT NULL,
	"until" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "channel_subscribers_tenant_node_pk" PRIMARY KEY("tenant","node")
) WITH (fillfactor = 50);
--> statement-breakpoint
-- Free room in each page and no index on "seen": an update every few seconds then adds no index entry.
CREATE TABLE "isolate"."nodes" (
	"id" text PRIMARY KEY NOT NULL,
	"address" text NOT NULL,
	"version" text NOT NULL,
	"draining" boolean NOT NULL,
	"capacity" integer NOT NULL,
	"started_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"seen" timestamp (3) with time zone DEFAULT now() NOT NULL
) WITH (fillfactor = 50);
--> statement-breakpoint
-- Notifies other servers of a change in its own transaction, so that no writer forgets it and no crash comes in between.
-- A notice that is too long is left out, because it would fail the change. No id of these servers is as long.
CREATE FUNCTION "isolate"."notify_change"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed record;
  notice json;
BEGIN
  IF TG_OP = 'DELETE' THEN changed := OLD; ELSE changed := NEW; END IF;
  IF TG_ARGV[0] = 'tenant' THEN notice := json_build_object('kind', 'tenant', 'tenant', changed.id);
  ELSIF TG_ARGV[0] = 'key' THEN notice := json_build_object('kind', 'key', 'key', changed.id);
  ELSE notice := json_build_object('kind', TG_ARGV[0], 'tenant', changed.tenant, 'name', changed.name);
  END IF;
  IF octet_length(notice::text) <= 1000 THEN PERFORM pg_notify('isolate', notice::text); END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER notify_change AFTER INSERT OR UPDATE OR DELETE ON "isolate"."tenants"
  FOR EACH ROW EXECUTE FUNCTION isolate.notify_change('tenant');
--> statement-breakpoint
CREATE TRIGGER notify_change AFTER INSERT OR UPDATE OR DELETE ON "isolate"."keys"
  FOR EACH ROW EXECUTE FUNCTION isolate.notify_change('key');
--> statement-breakpoint
CREATE TRIGGER notify_change AFTER INSERT OR UPDATE OR DELETE ON "isolate"."functions"
  FOR EACH ROW EXECUTE FUNCTION isolate.notify_change('function');
--> statement-breakpoint
CREATE TRIGGER notify_change AFTER INSERT OR UPDATE OR DELETE ON "isolate"."package_sets"
  FOR EACH ROW EXECUTE FUNCTION isolate.notify_change('packages');
