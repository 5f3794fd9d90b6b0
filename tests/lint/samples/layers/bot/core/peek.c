#include "chat/slack.h"
#include "ecs/ecs.h"
#include "private.h"

#include <sqlite3.h>
#include <stdio.h>
