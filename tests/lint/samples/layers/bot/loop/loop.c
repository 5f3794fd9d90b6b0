#include "base/good.h"

#include <uv.h>
