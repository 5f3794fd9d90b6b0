#ifndef BASE_FAULT_H
#define BASE_FAULT_H
/* Places at which a test may end the process as `kill -9` would, or stop it. A build without CLOUDTAK_FAULTS
 * has nothing of it. With it, FAULT_POINT counts the places passed and, at number $CLOUDTAK_FAULT_KILL_AT
 * (from 1), raises SIGKILL; at each place named $CLOUDTAK_FAULT_STOP_AT it raises SIGSTOP, until somebody
 * sends SIGCONT; with $CLOUDTAK_FAULT_LOG it appends each place's name to that file. */
#ifdef CLOUDTAK_FAULTS
void fault_point(const char *name);
#define FAULT_POINT(name) fault_point(name)
#else
#define FAULT_POINT(name) ((void)0)
#endif

#endif
