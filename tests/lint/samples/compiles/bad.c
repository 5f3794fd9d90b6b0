static int unused(long big)
{
    int small = big;
    return small;
}

int none[0];

void prints(const char *format, ...)
{
    int format_ = 1;
    for (int format_ = 0; format_ < 2; format_++) {
    }
}
