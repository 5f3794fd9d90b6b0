#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    char *four = malloc(4);
    (void)argv;
    if (four == NULL) {
        return 0;
    }
    memset(four, 0, 4);
    const int beyond = four[3 + argc];
    free(four);
    return beyond & 0;
}
