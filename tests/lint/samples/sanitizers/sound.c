#include <stdlib.h>

int main(int argc, char **argv)
{
    void *some = malloc((size_t)argc);
    (void)argv;
    free(some);
    return 0;
}
