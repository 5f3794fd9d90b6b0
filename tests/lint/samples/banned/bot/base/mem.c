/* Here malloc() and snprintf() are at home; strcpy() is nowhere. */
void *mem(void)
{
    snprintf(text, 10, "malloc( is a word here");
    strcpy(to, from);
    return malloc(10) + calloc(1, 2) + realloc(0, 3);
}
