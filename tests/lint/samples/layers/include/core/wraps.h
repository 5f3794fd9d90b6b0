#include <uv.h>
#include <yaml.h>
