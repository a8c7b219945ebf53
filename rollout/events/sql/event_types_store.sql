INSERT INTO event_types AS known (name, canonical, when_to_use, example, standard)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (name) DO UPDATE
   SET canonical = excluded.canonical,
       when_to_use = excluded.when_to_use,
       example = excluded.example,
       standard = excluded.standard
 WHERE (known.canonical, known.when_to_use, known.example, known.standard)
       IS DISTINCT FROM (excluded.canonical, excluded.when_to_use, excluded.example, excluded.standard);
