#include "../core/private.h"
#include "base/gone.h"

#include <curl/curl.h>
#include <libwebsockets.h>
