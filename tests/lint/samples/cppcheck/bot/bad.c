#include <stdbool.h>
#include <stddef.h>

struct item {
    int kind, never;
};

int last_of(const int *list, int count)
{
    int found[4];
    for (int i = 0; i <= 4; i++) {
        found[i] = list[i];
    }
    return found[count & 1 ? 0 : 1];
}

bool is_kind(const struct item *item)
{
    const bool known = item->kind == 3;
    if (item == NULL) {
        return false;
    }
    return known;
}

unsigned below(unsigned n)
{
    return n < 0 ? 1 : 0;
}
