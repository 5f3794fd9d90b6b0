#include "harden.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void harden(void)
{
    static const struct rlimit none = {0, 0};

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
    unsetenv("SSLKEYLOGFILE");
    signal(SIGPIPE, SIG_IGN);
}
