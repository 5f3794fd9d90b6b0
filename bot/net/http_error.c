/* What went wrong with a request, in a sentence that names the host and says what to do. Pure. */
#include <curl/curl.h>
#include <string.h>

#include "base/text.h"
#include "http_private.h"

/* Numbers of OpenSSL's X509_V_ERR_…, which <openssl/…> would name. */
enum {
    CERTIFICATE_CHAIN_RIGHT = 0,
    CERTIFICATE_CHAIN_UNSAID = 1, /* libcurl compared the name first, and it was wrong */
    CERTIFICATE_NOT_YET_VALID = 9,
    CERTIFICATE_EXPIRED = 10,
    CERTIFICATE_SELF_SIGNED = 18,
    CERTIFICATE_SELF_SIGNED_IN_CHAIN = 19,
    CERTIFICATE_ISSUER_UNKNOWN = 20,
};

static void set_certificate(struct err *err, const struct http_failure *f)
{
    switch (f->verify_result) {
    case CERTIFICATE_CHAIN_RIGHT:
    case CERTIFICATE_CHAIN_UNSAID:
        err_set(err, ERR_UNREACHABLE,
                "the TLS certificate of %s is for another name: check the URL, or who answers there",
                f->host);
        return;
    case CERTIFICATE_EXPIRED:
        err_set(err, ERR_UNREACHABLE,
                "the TLS certificate of %s has expired (or this machine's clock is wrong)", f->host);
        return;
    case CERTIFICATE_NOT_YET_VALID:
        err_set(err, ERR_UNREACHABLE,
                "the TLS certificate of %s is not valid yet: check this machine's clock", f->host);
        return;
    case CERTIFICATE_SELF_SIGNED:
    case CERTIFICATE_SELF_SIGNED_IN_CHAIN:
    case CERTIFICATE_ISSUER_UNKNOWN:
        err_set(
            err, ERR_UNREACHABLE,
            "the TLS certificate of %s is signed by nobody we trust: set ca_file if an own authority or an "
            "inspecting proxy is in the way",
            f->host);
        return;
    default:
        err_set(err, ERR_UNREACHABLE, "the TLS certificate of %s is refused (OpenSSL's reason %ld)", f->host,
                f->verify_result);
    }
}

static void set_connect(struct err *err, const struct http_failure *f)
{
    const char *why = f->os_error ? strerror((int)f->os_error) : "no address answered";

    if (f->proxy)
        err_set(err, ERR_UNREACHABLE,
                "no connection to %s through the proxy (%s): check the proxy and its rules", f->host, why);
    else
        err_set(err, ERR_UNREACHABLE, "no connection to %s (%s): check address, port, routes and firewall",
                f->host, why);
}

/* It answered CONNECT with a status of its own: the request never left for its host. */
static void set_proxy_refusal(struct err *err, const struct http_failure *f)
{
    err_set(err, ERR_UNREACHABLE,
            "the proxy did not let us through to %s (HTTP status %ld): check its rules and our credentials",
            f->host, f->proxy_status);
}

static void set_timeout(struct err *err, const struct http_failure *f)
{
    char span[TEXT_DURATION];

    text_duration(span, f->took_ms);
    if (f->connected)
        err_set(err, ERR_TIMEOUT, "%s took the request but did not answer it within %s", f->host, span);
    else
        err_set(err, ERR_TIMEOUT,
                "no connection to %s within %s: name server, route, firewall or proxy may swallow it",
                f->host, span);
}

static void set_other(struct err *err, const struct http_failure *f)
{
    char clean[128];

    text_clean(clean, sizeof(clean), *f->reason ? f->reason : curl_easy_strerror((CURLcode)f->code), false);
    err_set(err, ERR_UNREACHABLE, "the request to %s failed: %s", f->host, clean);
}

void http_error_set(struct err *err, const struct http_failure *f)
{
    if (f->proxy_status >= 300 && !f->connected && f->code != CURLE_OPERATION_TIMEDOUT) {
        set_proxy_refusal(err, f);
        return;
    }
    switch ((CURLcode)f->code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        err_set(err, ERR_UNREACHABLE,
                "the name %s cannot be resolved: check its spelling and this host's DNS", f->host);
        return;
    case CURLE_COULDNT_RESOLVE_PROXY:
        err_set(err, ERR_UNREACHABLE,
                "the proxy's name cannot be resolved on the way to %s: check the proxy setting", f->host);
        return;
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY: set_connect(err, f); return;
    case CURLE_PEER_FAILED_VERIFICATION: set_certificate(err, f); return;
    case CURLE_OPERATION_TIMEDOUT: set_timeout(err, f); return;
    case CURLE_SSL_CACERT_BADFILE:
        err_set(err, ERR_CONFIG, "the CA file cannot be used: check ca_file (%s was not contacted)", f->host);
        return;
    case CURLE_SSL_CONNECT_ERROR:
        err_set(err, ERR_UNREACHABLE,
                "no TLS with %s: something else listens there, or it speaks only old versions", f->host);
        return;
    case CURLE_WRITE_ERROR:
    case CURLE_FILESIZE_EXCEEDED:
        if (f->limit) {
            err_set(err, ERR_LIMIT, "the answer of %s is larger than the %zu bytes allowed", f->host,
                    f->max_body);
            return;
        }
        break;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        err_set(err, ERR_UNREACHABLE, "%s closed the connection before its answer was complete", f->host);
        return;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
        err_set(err, ERR_PROTOCOL, "%s does not answer in HTTP/1.1: is this the right port?", f->host);
        return;
    default: break;
    }
    set_other(err, f);
}
