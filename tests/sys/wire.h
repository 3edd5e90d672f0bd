/* wire.h - a plain TCP client for tests: sends bytes, reads one HTTP answer. */
#ifndef TESTS_SYS_WIRE_H
#define TESTS_SYS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int wire_open(uint16_t port); /* to 127.0.0.1; fails the test when it cannot; 5 s receive time-out */
void wire_send(int fd, const char *bytes, size_t n);
/* Reads a head and, by Content-Length, a body; 'out' ends in NUL.  Returns the
 * status, 0 when the connection ended first. */
int wire_answer(int fd, char *out, size_t cap, bool is_head);
/* One exchange on a connection of its own. */
int wire_call(uint16_t port, const char *request, char *out, size_t cap);
/* Reads until 'word' was seen; false at the end or after the time-out. */
bool wire_until(int fd, const char *word, char *out, size_t cap);
uint16_t wire_free_port(void);
void wire_sleep_ms(int ms);

#endif
