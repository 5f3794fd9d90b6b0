#include "aws/region.h"

#include "base/text.h"
#include "profile.h"

bool region_of_profile(const char *(*environment)(const char *name), const char *profile, char *to,
                       size_t size, struct err *err)
{
    struct profile p;
    if (!profile_load(environment, profile, &p, err)) {
        return false;
    }
    text_copy(to, size, p.region);
    profile_finish(&p);
    return true;
}
