COPY event_intake FROM STDIN;
