#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aws/xml.h"
#include "base/buf.h"
#include "base/text.h"

static void note(void *user, const char *path, const char *text)
{
    buf_format(user, "%s=%s\n", path, text);
}

static bool read_all(const char *xml, struct buf *seen, struct err *err)
{
    buf_init(seen, 1024 * 1024);
    return xml_read(xml, strlen(xml), note, seen, err);
}

static void paths_without_namespaces_and_trimmed_text(void **state)
{
    (void)state;
    struct buf seen;
    struct err err = {0};
    assert_true(read_all("<?xml version=\"1.0\"?>\n"
                         "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
                         "  <GetCallerIdentityResult>\n    <Account> 123456789012\n </Account>\n"
                         "    <Arn a='b'>arn:aws:x&amp;y</Arn><Empty/>\n  </GetCallerIdentityResult>\n"
                         "</GetCallerIdentityResponse>",
                         &seen, &err));
    assert_string_equal(seen.data, "GetCallerIdentityResponse/GetCallerIdentityResult/Account=123456789012\n"
                                   "GetCallerIdentityResponse/GetCallerIdentityResult/Arn=arn:aws:x&y\n"
                                   "GetCallerIdentityResponse/GetCallerIdentityResult/Empty=\n"
                                   "GetCallerIdentityResponse/GetCallerIdentityResult=\n"
                                   "GetCallerIdentityResponse=\n");
    buf_finish(&seen);
}

static void list_members_end_in_order(void **state)
{
    (void)state;
    struct buf seen;
    struct err err = {0};
    assert_true(
        read_all("<L><member><k>1</k></member><member><k><![CDATA[<2>]]></k></member></L>", &seen, &err));
    assert_string_equal(seen.data, "L/member/k=1\nL/member=\nL/member/k=<2>\nL/member=\nL=\n");
    buf_finish(&seen);
}

static void refused(const char *xml, const char *word)
{
    struct buf seen;
    struct err err = {0};
    assert_false(read_all(xml, &seen, &err));
    assert_int_equal(err.code, ERR_PROTOCOL);
    if (strstr(err.text, word) == NULL)
        fail_msg("\"%s\" has no \"%s\"", err.text, word);
    buf_finish(&seen);
}

static void a_document_type_is_refused(void **state)
{
    (void)state;
    refused("<!DOCTYPE a [<!ENTITY b \"cccccccccc\">]><a>&b;</a>", "document type");
    refused("<!DOCTYPE html><html/>", "document type");
}

static void what_is_cut_or_no_xml_is_refused(void **state)
{
    (void)state;
    refused("<a><b>1</b>", "broken");
    refused("", "broken");
    refused("{\"a\":1}", "broken");
    refused("<a>&nbsp;</a>", "broken");
    refused("<a></b>", "broken");
}

static void depth_and_sizes_are_bounded(void **state)
{
    (void)state;
    struct buf deep;
    buf_init(&deep, 64 * 1024);
    for (int i = 0; i < 40; i++)
        buf_text(&deep, "<a>");
    refused(deep.data, "deep");
    buf_clear(&deep);
    buf_char(&deep, '<');
    for (int i = 0; i < 2000; i++)
        buf_char(&deep, 'n');
    buf_text(&deep, "/>");
    refused(deep.data, "deep");
    buf_finish(&deep);

    struct buf big;
    buf_init(&big, 1024 * 1024);
    buf_text(&big, "<a>");
    for (int i = 0; i < 300 * 1024; i++)
        buf_char(&big, 'x');
    buf_text(&big, "</a>");
    refused(big.data, "too long");
    buf_finish(&big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_without_namespaces_and_trimmed_text),
        cmocka_unit_test(list_members_end_in_order),
        cmocka_unit_test(a_document_type_is_refused),
        cmocka_unit_test(what_is_cut_or_no_xml_is_refused),
        cmocka_unit_test(depth_and_sizes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
