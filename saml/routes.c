/* routes.c: the addresses of SAML 2.0. */
#include "saml/routes.h"

#include "saml/artifact.h"
#include "saml/logout.h"
#include "saml/metadata.h"
#include "saml/saml.h"
#include "saml/sign_on.h"
#include "saml/sp.h"

#define STEP    (NEEDS_FLOW | MAY_SESSION)
#define ASKS    MAY_REPEAT /* what is repeated is refused by the reader of messages, on record */
#define ANSWER  (512 * KB) /* 256 KB of XML likewise */
#define MESSAGE (128 * KB) /* 64 KB of XML in base64, percent-encoded */

/* clang-format off */
const struct route saml_routes[] = {
	{ "GET",  PATH_SAML_METADATA, saml_metadata,     LANE_QUICK, SPEAKS_TEXT, ANY_ORIGIN,         0       },
	{ "GET",  PATH_SAML_SSO,      saml_sso,          LANE_QUICK, SPEAKS_HTML, ASKS,               0       },
	{ "POST", PATH_SAML_SSO,      saml_sso_post,     LANE_QUICK, SPEAKS_HTML, ASKS,               MESSAGE },
	{ "GET",  PATH_SAML_ASKED,    saml_sso_asked,    LANE_QUICK, SPEAKS_HTML, 0,                  0       },
	{ "GET",  PATH_SAML_CONTINUE, saml_sso_continue, LANE_QUICK, SPEAKS_HTML, STEP,               0       },
	{ "GET",  PATH_SAML_START,    saml_sso_start,    LANE_QUICK, SPEAKS_HTML, 0,                  0       },
	{ "POST", PATH_SAML_ECP,      saml_ecp,          LANE_SLOW,  SPEAKS_TEXT, 0,                  MESSAGE },
	{ "POST", PATH_SAML_ARTIFACT, saml_artifact,     LANE_QUICK, SPEAKS_TEXT, 0,                  MESSAGE },
	{ "GET",  PATH_SAML_SLO,      saml_slo,          LANE_QUICK, SPEAKS_HTML, ASKS | MAY_SESSION, 0       },
	{ "POST", PATH_SAML_SLO,      saml_slo_post,     LANE_QUICK, SPEAKS_HTML, ASKS,               MESSAGE },
	{ "POST", PATH_SAML_SLO_SOAP, saml_slo_soap,     LANE_SLOW,  SPEAKS_TEXT, 0,                  MESSAGE },
	{ "GET",  PATH_SAML_SLO_DONE, saml_slo_done,     LANE_SLOW,  SPEAKS_HTML, 0,                  0       },
	{ "GET",  PATH_SAML_FRAME,    saml_slo_frame,    LANE_QUICK, SPEAKS_HTML, 0,                  0       },
	{ "GET",  PATH_SP_METADATA,   saml_sp_metadata,  LANE_QUICK, SPEAKS_TEXT, 0,                  0       },
	{ "POST", PATH_SP_ACS,        saml_sp_acs,       LANE_QUICK, SPEAKS_HTML, ASKS,               ANSWER  },
	{ "GET",  PATH_SP_ARRIVED,    saml_sp_arrived,   LANE_QUICK, SPEAKS_HTML, 0,                  0       },
	{ "GET",  PATH_SP_SLO,        saml_sp_slo,       LANE_QUICK, SPEAKS_HTML, ASKS,               0       },
	{ "POST", PATH_SP_SLO,        saml_sp_slo_post,  LANE_QUICK, SPEAKS_HTML, ASKS,               MESSAGE },
	{ "POST", PATH_SP_SLO_SOAP,   saml_sp_slo_soap,  LANE_QUICK, SPEAKS_TEXT, 0,                  MESSAGE },
	{ .method = NULL },
};
/* clang-format on */
