#include "ecs/ecs.h"

#include <expat.h>
#include <openssl/hmac.h>
