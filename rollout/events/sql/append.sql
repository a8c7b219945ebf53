SELECT append_event(%(instance)s,
                    %(event_type)s,
                    event_payload(%(data)s),
                    event_payload(%(metadata)s)
                        || CASE WHEN event_uuid(%(parent)s) IS NULL AND %(parent)s <> ''
                                THEN jsonb_build_object('_unknown_parent', %(parent)s::text) ELSE '{}' END,
                    event_uuid(%(parent)s),
                    %(event_id)s::uuid);
