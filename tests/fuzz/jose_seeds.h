/* jose_seeds.h: what fuzz_jwt.c and fuzz_jwk.c know to be true. */
#ifndef FUZZ_JOSE_SEEDS_H
#define FUZZ_JOSE_SEEDS_H

/* Two keys and the one token that each has signed (the private halves were thrown away). */
static const struct {
	const char *public_jwk, *token;
} seeds[] = {
	{
		"{\"kid\":\"wHIM3xGVkPZ4hQ_h9JR8c1w6fCKn62qXzXpoJSd0I1U\",\"use\":\"sig\",\"alg\":\"ES256\","
		"\""
		"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"beKJQt9UCC1_yANqhUFblqssa5dJvUfAD33PW5fGGHg\",\"y\":"
		"\""
		"gU7q8nYupyl9ODeFSEW_nkwD6Qi_A7CiPXKRLAsWN3k\"}",
		"eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IndISU0zeEdWa1BaNGhRX2g5SlI4YzF3NmZDS242MnFY"
		"elhwb0pTZDBJMVUifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJzdWIiOiJhY2NfMSIsImF1ZCI6WyJhIiwiY"
		"iJdLCJleHAiOjE5MDAwMDAwMDB9.GaATUI7INtgsY0eSAKQG69pU1dOESxDzD-i1z49BvHmjosCVGP33odVseLiKXhk-"
		"A32J23ml9hRauC_UCPz0Fg",
	},
	{
		"{\"kid\":\"iEdmUp8oYhcQ3L-XMtIJ54n-vVFuj8QJGI4yCk9COgI\",\"use\":\"sig\",\"alg\":\"RS256\","
		"\""
		"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"vUdgmZ5_LPkQX3pZ9P3_vUN8OeMx76mSIB1qN37DSR27sRln-8nieSb"
		"RMN78CY5Zfms7ljxefgLYpWo92yymHtDVdrRVKH835cKZvzGFCPZaSerS3bkv-Ht4NaqYaVdau5ynkyXrmCzvVpGcm5G"
		"0xDNTmE-9tooMo8UaBq330oMfUdU_xKYslA47PFNfL-DdYlAy9MG7wifsp90VchmX64VY6CtRoo8lxvF0gBUyEKvVjyb"
		"-qW1CGYYQvzXplsnrWNWb51lM8xNmY8Ngu8Ycxa0lywS96itqhTUH3iMjTTR1dT6pys2kt8jPQuWbvfC72S2ioSkNcaL"
		"iliIViXbPUQ\"}",
		"eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImlFZG1VcDhvWWhjUTNMLVhNdElKNTRuLXZWRnVqOFFK"
		"R0k0eUNrOUNPZ0kifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJzdWIiOiJhY2NfMSIsImF1ZCI6WyJhIiwiY"
		"iJdLCJleHAiOjE5MDAwMDAwMDB9.a_maFU9j-6IaiKmf7To69uwVHziVO1kf1U8zj7Y78FZyQh4llkd_BrwW3X_o_ZjG"
		"i81SvoplUoncByiIjUA8zUrjMW6kuo-vuyOXwq8pbpsXUHvFIMvnrfl23laF-XE_IBIvCCFsD0mt4JC-Ufxf24nKyavr"
		"8uZIvuwL9LBE-CQmcgzIiwyPAZZ5TTlEUYN20WLgwXAYjGHffaJU-xZafdpj4XeRBOzsGPuwg-ejwcNLtCK5qmkM6WhM"
		"O1Hb347rdMM420a8F0mk8ZxuX1XH7d4ABsCsltzkMF3VNWEbQnu09agebtzebTa6MH7N9JjjDddbfzKRq3aN65f7Jn_H"
		"zg",
	},
};

#endif
