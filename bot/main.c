#include "cli.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Before anything else can hold a secret: no memory of ours in /proc for others, no core file, no TLS keys in
 * a file. */
static void harden(void)
{
    static const struct rlimit none = {0, 0};

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
    unsetenv("SSLKEYLOGFILE");
    signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
    harden();
    return cli_main(argc, argv);
}
