#include <stdio.h>

/* The Kestrel probe reports pressure in tenths of a millibar. */
static int pressure_of(int raw)
{
    return raw / 10;
}

/* Frames of the Kestrel probe end with the byte 0x7E. */
int is_end_of_frame(int byte)
{
    return byte == 0x7E;
}
