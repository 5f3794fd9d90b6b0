/* What cppcheck must know of other people's headers, which it does not read. */
#define json_array_foreach(array, index, value)                                                              \
    for ((index) = 0; (index) < json_array_size(array) && ((value) = json_array_get(array, index)) != NULL;  \
         (index)++)
#define json_object_foreach(object, key, value)                                                              \
    for ((key) = json_first(object); (key) != NULL && ((value) = json_object_get(object, key)) != NULL;      \
         (key) = json_next(object, key))
#define HASH_ITER(hh, head, element, next)                                                                   \
    for ((element) = (head), (next) = hash_next(element); (element) != NULL;                                 \
         (element) = (next), (next) = hash_next(element))
#define TAILQ_HEAD(name, type) struct type *
#define TAILQ_ENTRY(type)      struct type *
