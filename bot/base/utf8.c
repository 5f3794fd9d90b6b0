#include "utf8.h"

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

bool utf8_unwanted(uint32_t point)
{
    static const struct {
        uint32_t first, last;
    } RANGES[] = {
        {0x00, 0x1F},     {0x7F, 0x9F},                                         /* C0, DEL, C1 */
        {0x061C, 0x061C}, {0x200E, 0x200F}, {0x202A, 0x202E}, {0x2066, 0x2069}, /* direction */
        {0x2028, 0x2029},                                                       /* ends of lines */
        {0x00AD, 0x00AD}, {0x180E, 0x180E}, {0x200B, 0x200B}, {0x2060, 0x2065}, /* not to be seen */
        {0x206A, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F},
    };
    for (size_t i = 0; i < sizeof(RANGES) / sizeof(RANGES[0]); i++) {
        if (point >= RANGES[i].first && point <= RANGES[i].last) {
            return true;
        }
    }
    return false;
}
