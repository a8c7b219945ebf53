-- template0 has no sessions, so nobody's connection to template1 is in the way.
CREATE DATABASE {name} TEMPLATE template0;
