/*
 * A token with one SM2 key, as a vendor's module looks to its caller: own numbers for key type and mechanism, a 32-byte
 * digest in, r || s out. It stands in for hardware in tests and keeps nothing: the key is a plain PKCS#8 file named by
 * SM2_TOKEN_KEY. Only the functions of PKCS#11 2.40 that finding a key and signing with it take are there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long ulong;
typedef struct { unsigned char major, minor; } version;
typedef struct { ulong type; void *value; ulong length; } attribute;
typedef struct { ulong mechanism; void *parameter; ulong length; } mechanism;
typedef struct { version cryptoki; char manufacturer[32]; ulong flags; char description[32]; version library; } info;
typedef struct { char description[64], manufacturer[32]; ulong flags; version hardware, firmware; } slot_info;
typedef struct {
    char label[32], manufacturer[32], model[16], serial[16];
    ulong flags, limits[10];
    version hardware, firmware;
    char time[16];
} token_info;
typedef struct { ulong least, most, flags; } mechanism_info;

/* Of libcrypto.so.3, declared here so that its headers are not needed. */
extern void *d2i_AutoPrivateKey(void **, const unsigned char **, long);
extern void *EVP_PKEY_CTX_new(void *, void *);
extern void EVP_PKEY_CTX_free(void *);
extern int EVP_PKEY_sign_init(void *);
extern int EVP_PKEY_sign(void *, unsigned char *, size_t *, const unsigned char *, size_t);

enum { OK = 0, ATTRIBUTE_TYPE_INVALID = 0x12, DATA_LEN_RANGE = 0x21, FUNCTION_FAILED = 0x06, NOT_SUPPORTED = 0x54 };
enum { MECHANISM_INVALID = 0x70, PIN_INCORRECT = 0xA0, NOT_LOGGED_IN = 0x101, BUFFER_TOO_SMALL = 0x150 };
static const ulong SM2_SIGN = 0x80000003UL, SM2_KEY = 0x80000001UL, PRIVATE_KEY = 3;
static const char LABEL[] = "seal", ID[] = "\x07", PIN[] = "1234";
static int logged_in, found;

static ulong unsupported(void) { return NOT_SUPPORTED; }
static ulong nothing(void) { return OK; }

static void pad(char *field, size_t size, const char *text) {
    memset(field, ' ', size);
    memcpy(field, text, strlen(text));
}

static ulong get_info(info *out) {
    memset(out, 0, sizeof *out);
    out->cryptoki.major = 2, out->cryptoki.minor = 40;
    pad(out->manufacturer, 32, "stand-in"), pad(out->description, 32, "SM2 token for tests");
    return OK;
}

static ulong get_slot_list(unsigned char present, ulong *slots, ulong *count) {
    (void)present;
    if (slots) slots[0] = 1;
    *count = 1;
    return OK;
}

static ulong get_slot_info(ulong slot, slot_info *out) {
    (void)slot;
    memset(out, 0, sizeof *out);
    pad(out->description, 64, "slot"), pad(out->manufacturer, 32, "stand-in");
    out->flags = 1;
    return OK;
}

static ulong get_token_info(ulong slot, token_info *out) {
    (void)slot;
    memset(out, 0, sizeof *out);
    pad(out->label, 32, "vendor"), pad(out->manufacturer, 32, "stand-in"), pad(out->model, 16, "m"), pad(out->serial, 16, "1");
    out->flags = 0x40C;
    return OK;
}

static ulong get_mechanism_list(ulong slot, ulong *list, ulong *count) {
    (void)slot;
    if (list) list[0] = SM2_SIGN;
    *count = 1;
    return OK;
}

static ulong get_mechanism_info(ulong slot, ulong type, mechanism_info *out) {
    (void)slot, (void)type;
    out->least = out->most = 256, out->flags = 0x800;
    return OK;
}

static ulong open_session(ulong slot, ulong flags, void *a, void *b, ulong *session) {
    (void)slot, (void)flags, (void)a, (void)b;
    *session = 1;
    return OK;
}

static ulong login(ulong session, ulong user, const char *pin, ulong length) {
    (void)session, (void)user;
    if (length != strlen(PIN) || memcmp(pin, PIN, length)) return PIN_INCORRECT;
    logged_in = 1;
    return OK;
}

/* The value of an attribute of the one key, and its length; 0 when it has none of this type. */
static ulong value_of(ulong type, const void **value) {
    static const unsigned char yes = 1;
    switch (type) {
    case 0x000: *value = &PRIVATE_KEY; return sizeof PRIVATE_KEY;
    case 0x100: *value = &SM2_KEY; return sizeof SM2_KEY;
    case 0x003: *value = LABEL; return strlen(LABEL);
    case 0x102: *value = ID; return 1;
    case 0x108: *value = &yes; return 1;
    default: return 0;
    }
}

static ulong get_attribute_value(ulong session, ulong object, attribute *template, ulong count) {
    ulong result = OK;
    (void)session, (void)object;
    for (ulong i = 0; i < count; i++) {
        const void *value;
        ulong length = value_of(template[i].type, &value);
        if (!length) {
            template[i].length = ~0UL;
            result = ATTRIBUTE_TYPE_INVALID;
        } else {
            if (template[i].value) memcpy(template[i].value, value, length);
            template[i].length = length;
        }
    }
    return result;
}

static ulong find_objects_init(ulong session, attribute *template, ulong count) {
    (void)session;
    found = logged_in;
    for (ulong i = 0; i < count; i++) {
        const void *value;
        ulong length = value_of(template[i].type, &value);
        if (length != template[i].length || memcmp(value, template[i].value, length)) found = 0;
    }
    return OK;
}

static ulong find_objects(ulong session, ulong *objects, ulong most, ulong *count) {
    (void)session, (void)most;
    *count = found;
    if (found) objects[0] = 1;
    found = 0;
    return OK;
}

static ulong sign_init(ulong session, mechanism *how, ulong key) {
    (void)session, (void)key;
    if (!logged_in) return NOT_LOGGED_IN;
    return how->mechanism == SM2_SIGN ? OK : MECHANISM_INVALID;
}

static void *load_key(void) {
    unsigned char encoded[512];
    const unsigned char *cursor = encoded;
    FILE *file = fopen(getenv("SM2_TOKEN_KEY"), "rb");
    size_t length = file ? fread(encoded, 1, sizeof encoded, file) : 0;
    if (file) fclose(file);
    return d2i_AutoPrivateKey(NULL, &cursor, (long)length);
}

/* r || s from SEQUENCE{INTEGER, INTEGER}, each in 32 bytes. */
static void flatten(const unsigned char *der, unsigned char *out) {
    const unsigned char *integer = der + 2;
    memset(out, 0, 64);
    for (int i = 0; i < 2; i++) {
        int length = integer[1], skip = length > 32 ? length - 32 : 0;
        memcpy(out + 32 * i + 32 - (length - skip), integer + 2 + skip, (size_t)(length - skip));
        integer += 2 + length;
    }
}

static ulong sign(ulong session, const unsigned char *data, ulong length, unsigned char *signature, ulong *size) {
    unsigned char der[80];
    size_t written = sizeof der;
    (void)session;
    if (length != 32) return DATA_LEN_RANGE;
    /* Without a buffer the caller only asks how large it must be (PKCS#11, 5.2). */
    if (!signature || *size < 64) {
        ulong result = signature ? BUFFER_TOO_SMALL : OK;
        *size = 64;
        return result;
    }
    void *context = EVP_PKEY_CTX_new(load_key(), NULL);
    int done = context && EVP_PKEY_sign_init(context) == 1 && EVP_PKEY_sign(context, der, &written, data, length) == 1;
    EVP_PKEY_CTX_free(context);
    if (!done) return FUNCTION_FAILED;
    flatten(der, signature);
    *size = 64;
    return OK;
}

static struct { version number; void *functions[68]; } list;

ulong C_GetFunctionList(void **out) {
    for (int i = 0; i < 68; i++) list.functions[i] = (void *)unsupported;
    list.number.major = 2, list.number.minor = 40;
    /* Places as in the function list of PKCS#11 2.40. */
    list.functions[0] = list.functions[1] = (void *)nothing;
    list.functions[2] = (void *)get_info;
    list.functions[4] = (void *)get_slot_list;
    list.functions[5] = (void *)get_slot_info;
    list.functions[6] = (void *)get_token_info;
    list.functions[7] = (void *)get_mechanism_list;
    list.functions[8] = (void *)get_mechanism_info;
    list.functions[12] = (void *)open_session;
    list.functions[13] = list.functions[19] = list.functions[28] = (void *)nothing;
    list.functions[18] = (void *)login;
    list.functions[24] = (void *)get_attribute_value;
    list.functions[26] = (void *)find_objects_init;
    list.functions[27] = (void *)find_objects;
    list.functions[42] = (void *)sign_init;
    list.functions[43] = (void *)sign;
    *out = &list;
    return OK;
}
