#include <stdlib.h>

static void *kept;

int main(int argc, char **argv)
{
    (void)argv;
    kept = malloc((size_t)argc);
    kept = NULL;
    return 0;
}
