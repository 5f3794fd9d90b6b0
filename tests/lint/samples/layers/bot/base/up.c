#include "base/good.h"
#include "core/core.h"
