SELECT backfill_instance(%s::regclass, %s, %s);
