int x(void)
{
    popen("x", "r"); /* NOLINT: a test may call a shell */
    atoi("7"); /* NOLINT */
}
