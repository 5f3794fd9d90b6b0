#include "utf8.h"

#include <stdbool.h>

static bool continues(unsigned char byte)
{
    return (byte & 0xC0U) == 0x80U;
}

size_t utf8_decode(const char *bytes, size_t len, uint32_t *ret_point)
{
    if (len == 0) {
        return 0;
    }
    const unsigned char first = (unsigned char)bytes[0];
    if (first < 0x80) {
        *ret_point = first;
        return 1;
    }
    /* By length: the mark of the first byte, and the smallest number that needs that length. */
    static const struct {
        unsigned char mask, mark;
        uint32_t least;
    } forms[] = {{0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if ((first & forms[i].mask) != forms[i].mark) {
            continue;
        }
        const size_t need = i + 2;
        if (len < need) {
            return 0;
        }
        uint32_t point = first & (unsigned char)~forms[i].mask;
        for (size_t k = 1; k < need; k++) {
            if (!continues((unsigned char)bytes[k])) {
                return 0;
            }
            point = (point << 6) | ((unsigned char)bytes[k] & 0x3FU);
        }
        const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
        if (point < forms[i].least || point > 0x10FFFF || surrogate) {
            return 0;
        }
        *ret_point = point;
        return need;
    }
    return 0;
}

size_t utf8_cut(const char *bytes, size_t len, size_t max)
{
    if (len <= max) {
        return len;
    }
    /* Step back over at most three continuation bytes: more of them were no UTF-8 anyway. */
    size_t cut = max;
    for (int back = 0; back < 3 && cut > 0 && continues((unsigned char)bytes[cut]); back++) {
        cut--;
    }
    return continues((unsigned char)bytes[cut]) ? max : cut;
}
