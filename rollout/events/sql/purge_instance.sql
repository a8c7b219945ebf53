SELECT purge_instance(%s, %s);
