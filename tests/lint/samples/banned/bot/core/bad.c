/* malloc() in a comment, TO~DO in a comment */
static char quote = '"', *word = "sprintf(";
int bad(void)
{
    char *p = malloc(10);
    snprintf(p, 10, "x");
    a_malloc(1), table.system(2), table->system(3), gmtime_r(4, 5);
    system("/home/somebody/bin/x"), popen("x", "r"), atoi (p); /* NOLINT: not here */
    return strtok(p, ","), sprintf(p, "x"), gmtime(0); // FIX~ME
}
