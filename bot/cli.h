#ifndef BOT_CLI_H
#define BOT_CLI_H
/* The command line: sub-commands are rows of one table. Returns the exit status of design 5.1. */
int cli_main(int argc, char **argv);

#endif
