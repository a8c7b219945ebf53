SELECT purge_instance(%s, 'infinity');
