/* command.h - the commands of jiuan-lens, one file each (lens/cmd_<name>.c). */
#ifndef LENS_COMMAND_H
#define LENS_COMMAND_H

/* Exit codes as in app/cli.h. */
enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_WORDS = 2, EXIT_REFUSED = 3 };

struct lens_command {
	const char *name, *words, *help;
	int (*run)(int argc, char **argv); /* argv[0] is the command's name */
};

int cmd_analyse(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_calibrate(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_evaluate(int argc, char **argv);

#endif
