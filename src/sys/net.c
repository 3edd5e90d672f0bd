/* net.c - which addresses are not the public internet (RFC 6890 and the IANA
 * special-purpose registries). */
#include "sys/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

struct v4_range {
	uint8_t net[4];
	unsigned bits;
};
static const struct v4_range v4_special[] = {
	{ { 0, 0, 0, 0 }, 8 },      { { 10, 0, 0, 0 }, 8 },     { { 100, 64, 0, 0 }, 10 }, { { 127, 0, 0, 0 }, 8 },
	{ { 169, 254, 0, 0 }, 16 }, { { 172, 16, 0, 0 }, 12 },  { { 192, 0, 0, 0 }, 24 },  { { 192, 0, 2, 0 }, 24 },
	{ { 192, 88, 99, 0 }, 24 }, { { 192, 168, 0, 0 }, 16 }, { { 198, 18, 0, 0 }, 15 }, { { 198, 51, 100, 0 }, 24 },
	{ { 203, 0, 113, 0 }, 24 }, { { 224, 0, 0, 0 }, 4 },    { { 240, 0, 0, 0 }, 4 },
};

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static bool v4_is_private(const uint8_t a[4])
{
	for (size_t i = 0; i < COUNT(v4_special); i++)
		if (same_bits(a, v4_special[i].net, v4_special[i].bits))
			return true;
	return false;
}

/* Only 2000::/3 is given out at all; inside it the tunnels and documentation
 * blocks are special. */
static bool v6_is_private(const uint8_t a[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };
	static const uint8_t ietf[3] = { 0x20, 0x01, 0x00 }; /* 2001::/23: Teredo, ORCHID, ... */
	static const uint8_t documentation[4] = { 0x20, 0x01, 0x0d, 0xb8 };
	static const uint8_t documentation2[3] = { 0x3f, 0xff, 0x00 }; /* 3fff::/20 */
	if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0)
		return v4_is_private(a + 12);
	if ((a[0] & 0xe0) != 0x20)
		return true;
	if (a[0] == 0x20 && a[1] == 0x02) /* 6to4 */
		return v4_is_private(a + 2);
	return same_bits(a, ietf, 23) || same_bits(a, documentation, 32) || same_bits(a, documentation2, 20);
}

bool net_is_private_addr(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;
		uint8_t bytes[4];
		memcpy(&in, address, sizeof in);
		memcpy(bytes, &in.sin_addr, sizeof bytes);
		return v4_is_private(bytes);
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in;
		memcpy(&in, address, sizeof in);
		return v6_is_private(in.sin6_addr.s6_addr);
	}
	return true;
}

bool net_is_private(const char *address)
{
	uint8_t bytes[16];
	if (inet_pton(AF_INET, address, bytes) == 1)
		return v4_is_private(bytes);
	if (inet_pton(AF_INET6, address, bytes) == 1)
		return v6_is_private(bytes);
	return true;
}
