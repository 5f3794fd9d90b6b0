#include <limits.h>

int main(int argc, char **argv)
{
    (void)argv;
    const int more = INT_MAX - 1 + argc + argc;
    return more & 0;
}
