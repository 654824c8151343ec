"""A stand-in for W-API, Meta's Graph API and WhatsApp's file servers. It knows nothing of the product."""
